import { create } from "@bufbuild/protobuf";
import { CanvasState } from "@stem/proto/stem/v1/canvas_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { UniqueOptionsSchema } from "@stem/proto/stem/v1/unique_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gathering, group, json, type Node, plainValue, task, taskOf } from "../../support/canvas-nodes.ts";
import { startWireServer, type WireServer } from "../../support/wire-server.ts";
import { wireTransports, wordOf } from "../../support/wire-transports.ts";
import { canvasCaller } from "./caller.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

/** A link to a task of a queue. */
const linkIn = (queue: string, name: string) => ({ task: { name: "ok", queue, args: json([name]) } });

describe.each(wireTransports)("over %s", (way, open) => {
  const own = (suffix: string) => `${wordOf(way)}-${suffix}`;
  const connect = (suffix: string) => {
    const [caller, queue] = [canvasCaller(open(server.url)), own(suffix)];
    const one = (id: string, name = "ok") => taskOf({ id: own(id), name, queue });
    return { ...caller, queue, runner: caller.runner(queue), one };
  };

  test("a batch that two clients submit at once, and again later, is one", async () => {
    const { canvases, runner, one } = connect("once");
    const other = connect("once").canvases;
    const batch = { id: own("once"), root: group(one("o1"), one("o2")) };
    const answers = await Promise.all([canvases.submitCanvas(batch), other.submitCanvas(batch)]);
    expect(answers.map(({ deduplicated }) => deduplicated).toSorted()).toEqual([false, true]);
    await runner.drain();
    expect(runner.runs).toHaveLength(2);
    expect(await canvases.submitCanvas(batch)).toMatchObject({ deduplicated: true });
    await runner.drain();
    expect(runner.runs).toHaveLength(2);
  });

  test("a batch tells how many have ended, how many badly and which", async () => {
    const { canvases, canvas, runner, one } = connect("counts");
    const canvasId = own("counts");
    const root = group(one("k0"), one("k1", "fail"), one("k2"), one("k3", "fail"));
    await canvases.submitCanvas({ id: canvasId, root });
    await runner.settle(await runner.lease(2));
    const [half] = (await canvas(canvasId)).groups;
    expect(half).toMatchObject({ size: 4, ended: 2, unsuccessful: 1 });
    await runner.drain();
    const ended = await canvas(canvasId);
    expect(ended).toMatchObject({ state: CanvasState.FAILED, groups: [{ ended: 4, unsuccessful: 2 }] });
    const { members } = await canvases.listCanvasMembers({ canvasId, groupId: half?.id ?? "" });
    const failed = members.filter(({ state }) => state === TaskState.FAILED);
    expect(failed.map(({ source }) => source.value)).toEqual([own("k1"), own("k3")]);
    expect(failed.map(({ value }) => plainValue(value))).toEqual([
      { failed: "as it was asked" },
      { failed: "as it was asked" },
    ]);
  });

  test("callbacks come when all have been tried, when all have succeeded, and when all have ended", async () => {
    const { canvases, runner, queue } = connect("callbacks");
    const calls = {
      linkAttempted: [linkIn(queue, "attempted")],
      linkCompleted: [linkIn(queue, "completed")],
    };
    const told = () =>
      runner.runs.flatMap(({ args: [word] }) => (typeof word === "string" ? word : [])).toSorted();
    const well: Node = {
      ...gathering(calls, taskOf({ name: "ok", queue })),
      link: [linkIn(queue, "succeeded")],
    };
    await canvases.submitCanvas({ root: { ...well, linkError: [linkIn(queue, "failed")] } });
    await runner.drain();
    expect(told()).toEqual(["attempted", "completed", "succeeded"]);
    const bad: Node = {
      ...gathering(calls, taskOf({ name: "fail", queue })),
      link: [linkIn(queue, "succeeded")],
    };
    await canvases.submitCanvas({ root: { ...bad, linkError: [linkIn(queue, "failed")] } });
    await runner.drain();
    expect(told()).toEqual([...["attempted", "attempted", "completed", "completed", "failed", "succeeded"]]);
  });

  test("members come while others run, from outside and from members, until the batch is sealed", async () => {
    const { canvases, canvas, runner, one, queue } = connect("open");
    const canvasId = own("open");
    await canvases.submitCanvas({ id: canvasId, root: gathering({ open: true }, one("p0")) });
    await runner.drain();
    expect(await canvas(canvasId)).toMatchObject({ state: CanvasState.OPEN });
    const add = (requestId: string, ...members: readonly Node[]) =>
      canvases.addCanvasMembers({ canvasId, requestId, members: [...members] });
    const [first, second] = await Promise.all([
      add("1", one("p1")),
      connect("open").canvases.addCanvasMembers({ canvasId, requestId: "1", members: [one("p1")] }),
    ]);
    expect([first.firstIndex, second.firstIndex]).toEqual([1, 1]);
    // What it adds is of its own group, and waits in the usual queue.
    await add("2", taskOf({ name: "grow", queue, args: json(["a", "b"]) }));
    await runner.drain();
    const usual = connect("open").runner;
    await usual.drain();
    expect(await canvases.addCanvasMembers({ canvasId, requestId: "s", seal: true })).toMatchObject({
      firstIndex: 5,
    });
    const rest = canvasCaller(open(server.url)).runner("default");
    await rest.drain();
    expect(await canvas(canvasId)).toMatchObject({
      ...{ state: CanvasState.SUCCEEDED, groups: [{ size: 5, ended: 5, sealed: true }] },
    });
    const { value } = await canvases.getCanvasResult({ canvasId });
    expect(plainValue(value)).toEqual([null, null, 0, "a", "b"]);
  });

  test("batches stand in batches, each with its own counts", async () => {
    const { canvases, canvas, runner, one } = connect("nest");
    const canvasId = own("nest");
    const inner = { ...group(one("n1"), one("n2", "fail")), link: [], linkError: [linkIn(own("nest"), "x")] };
    await canvases.submitCanvas({ id: canvasId, root: group(inner, one("n3")) });
    await runner.drain();
    const { groups } = await canvas(canvasId);
    expect(groups).toMatchObject([
      { size: 2, ended: 2, unsuccessful: 1, parentGroupId: "" },
      { size: 2, ended: 2, unsuccessful: 1, parentGroupId: groups[0]?.id, index: 0 },
    ]);
  });

  test("a limit holds members back, and one whose unique key another task has is not made", async () => {
    const { canvases, canvas, limits, tasks, runner, queue } = connect("ties");
    const limitKey = own("limit");
    await limits.putLimit({
      limit: { subject: { subject: { case: "key", value: limitKey } }, concurrency: 1 },
    });
    const bound = taskOf({ name: "ok", queue, options: { limitKey } });
    await canvases.submitCanvas({ root: group(bound, bound, bound) });
    const first = await runner.lease();
    expect(first).toHaveLength(1);
    await runner.settle(first);
    expect(await runner.lease()).toHaveLength(1);
    const unique = create(UniqueOptionsSchema, { by: { case: "key", value: own("unique") } });
    await tasks.enqueueTask({ id: own("holder"), name: "ok", queue: own("aside"), options: { unique } });
    const canvasId = own("taken");
    const taken = taskOf({ id: own("taken"), name: "ok", queue, options: { unique } });
    await canvases.submitCanvas({ id: canvasId, root: group(taken, task("ok")) });
    expect(await canvas(canvasId)).toMatchObject({
      groups: [{ ended: 1, unsuccessful: 1, cause: { reason: "not_made", taskId: own("taken") } }],
    });
  });
});
