import { CanvasState, OnMemberFailure } from "@stem/proto/stem/v1/canvas_pb";
import { TaskCauseKind } from "@stem/proto/stem/v1/task_explanation_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chain, chord, gathering, group, taskOf } from "../../support/canvas-nodes.ts";
import { until } from "../../support/until.ts";
import { startWireServer, type WireServer } from "../../support/wire-server.ts";
import { wireTransports, wordOf } from "../../support/wire-transports.ts";
import { canvasCaller } from "./caller.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

const patience = { deadlineMs: 50_000 };

describe.each(wireTransports)("over %s", (way, open) => {
  const own = (suffix: string) => `${wordOf(way)}-${suffix}`;
  const connect = (suffix: string) => {
    const [caller, queue] = [canvasCaller(open(server.url)), own(suffix)];
    const one = (id: string, name = "ok") => taskOf({ id: own(id), name, queue });
    return { ...caller, queue, runner: caller.runner(queue), one };
  };

  test("whoever watches sees members end one by one, and the end of the canvas as the last", async () => {
    const { canvases, watched, runner, one } = connect("watch");
    const canvasId = own("watch");
    await canvases.submitCanvas({ id: canvasId, root: chord([one("w1"), one("w2")], one("w3")) });
    const watching = watched(canvasId);
    await runner.settle(await runner.lease(1));
    await until(async () => (await canvases.getCanvas({ canvasId })).canvas?.groups[0]?.ended === 1, {
      ...{ ...patience, what: "a member to end" },
    });
    await runner.drain();
    const seen = await watching;
    expect(seen.at(-1)).toMatchObject({ state: CanvasState.SUCCEEDED, groups: [{ ended: 2 }] });
    expect(seen.slice(0, -1).every(({ state }) => state === CanvasState.OPEN)).toBe(true);
    const ends = seen.map(({ groups }) => groups[0]?.ended ?? -1);
    expect(ends).toEqual(ends.toSorted());
    // Whoever comes afterwards is told the end at once.
    expect((await watched(canvasId)).map(({ state }) => state)).toEqual([CanvasState.SUCCEEDED]);
  });

  test("a canvas is cancelled: what waits is, what runs is told by whom, nothing starts, and again it is the same", async () => {
    const { canvases, canvas, task, runner, one, tasks } = connect("cancel");
    const canvasId = own("cancel");
    const root = chain(group(one("c1"), one("c2")), one("c3"));
    await canvases.submitCanvas({ id: canvasId, root });
    const [grant, ...others] = await runner.lease(1);
    expect([grant?.taskId, others]).toEqual([own("c1"), []]);
    const cancel = { canvasId, reason: "not needed", requester: "ada" };
    for (let twice = 0; twice < 2; twice += 1)
      expect(await canvases.cancelCanvas(cancel)).toMatchObject({ state: CanvasState.CANCELLED });
    expect(await task(own("c2"))).toMatchObject({ state: TaskState.CANCELLED });
    expect(await task(own("c1"))).toMatchObject({
      ...{ state: TaskState.LEASED, cancel: { reason: "not needed", requester: "ada" } },
    });
    await runner.settle(grant === undefined ? [] : [grant]);
    await runner.drain();
    expect(runner.runs.map(({ id }) => id)).toEqual([own("c1")]);
    expect(await canvas(canvasId)).toMatchObject({
      ...{ state: CanvasState.CANCELLED, cause: { reason: "cancel_requested" } },
    });
    await expect(tasks.getTask({ taskId: own("c3") })).rejects.toThrow(/not_found/);
  });

  test("a canvas whose deadline has come fails, and what goes on of it is cancelled", async () => {
    const { canvases, watched, task, runner, one } = connect("deadline");
    const canvasId = own("deadline");
    const deadline = { case: "deadlineTime" as const, value: { seconds: 1n, nanos: 0 } };
    await canvases.submitCanvas({ id: canvasId, root: group(one("d1"), one("d2")), deadline });
    const last = (await watched(canvasId)).at(-1);
    expect(last).toMatchObject({ state: CanvasState.FAILED, cause: { reason: "deadline", taskId: "" } });
    for (const id of ["d1", "d2"])
      await until(async () => (await task(own(id))).state === TaskState.CANCELLED, {
        ...{ ...patience, what: "a task to be cancelled" },
      });
    expect(await runner.lease()).toEqual([]);
  });

  test("a member that fails takes the others with it within a second", async () => {
    const { canvases, canvas, task, runner, one } = connect("fast");
    const canvasId = own("fast");
    const how = { onMemberFailure: OnMemberFailure.FAIL_FAST };
    const root = gathering(how, one("f1", "fail"), one("f2"), one("f3"));
    await canvases.submitCanvas({ id: canvasId, root });
    const [bad, running] = await runner.lease(2);
    const failedAt = performance.now();
    await runner.settle(bad === undefined ? [] : [bad]);
    expect(await canvas(canvasId)).toMatchObject({ state: CanvasState.FAILED, cause: { taskId: own("f1") } });
    await until(async () => (await task(own("f3"))).state === TaskState.CANCELLED, {
      ...{ ...patience, what: "the member that waits to be cancelled", everyMs: 10 },
    });
    await until(async () => (await task(running?.taskId ?? "")).cancel, {
      ...{ ...patience, what: "the member that runs to be told", everyMs: 10 },
    });
    expect(performance.now() - failedAt).toBeLessThan(1500);
  });

  test("a canvas says what it waits for: tasks, and groups that nobody has sealed", async () => {
    const { canvases, runner, one } = connect("explain");
    const canvasId = own("explain");
    await canvases.submitCanvas({ id: canvasId, root: gathering({ open: true }, one("e1"), one("e2")) });
    const [grant] = await runner.lease(1);
    const { waits, unsealedGroupIds, canvas } = await canvases.explainCanvas({ canvasId });
    expect(canvas).toMatchObject({ id: canvasId, state: CanvasState.OPEN });
    expect(unsealedGroupIds).toEqual(canvas?.groups.map(({ id }) => id));
    const kinds = new Map(waits.map(({ task, causes }) => [task?.id, causes.map(({ kind }) => kind)]));
    expect(kinds.get(own("e1"))).toEqual([TaskCauseKind.RUNNING]);
    expect(kinds.get(own("e2"))).toContain(TaskCauseKind.NO_WORKER);
    await runner.settle(grant === undefined ? [] : [grant]);
    await runner.drain();
    const later = await canvases.explainCanvas({ canvasId });
    expect([later.waits, later.unsealedGroupIds.length]).toEqual([[], 1]);
    await canvases.addCanvasMembers({ canvasId, requestId: "seal", seal: true });
    const ended = await canvases.explainCanvas({ canvasId });
    expect(ended).toMatchObject({
      canvas: { state: CanvasState.SUCCEEDED },
      waits: [],
      unsealedGroupIds: [],
    });
  });
});
