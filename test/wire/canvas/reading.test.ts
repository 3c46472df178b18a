import { CanvasState } from "@stem/proto/stem/v1/canvas_pb";
import { CanvasView } from "@stem/proto/stem/v1/canvas_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chain, chord, group, json, plainValue, taskOf, times } from "../../support/canvas-nodes.ts";
import { startWireServer, type WireServer } from "../../support/wire-server.ts";
import { wireTransports, wordOf } from "../../support/wire-transports.ts";
import { canvasCaller } from "./caller.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ limits: { canvasInputBytesMax: 40, canvasInputItemsMax: 20 } });
});
afterAll(() => server.close());

describe.each(wireTransports)("over %s", (way, open) => {
  const own = (suffix: string) => `${wordOf(way)}-${suffix}`;
  const connect = (suffix: string) => {
    const [caller, queue] = [canvasCaller(open(server.url)), own(suffix)];
    const one = (id: string, name = "ok", ...args: readonly unknown[]) =>
      taskOf({ id: own(id), name, queue, args: json(args) });
    return { ...caller, queue, runner: caller.runner(queue), one };
  };

  test("canvases are listed newest first, page by page, by state, name and tag", async () => {
    const { canvases, runner, one } = connect("list");
    const [name, tag] = [own("name"), own("tag")];
    for (const id of ["l1", "l2", "l3"])
      await canvases.submitCanvas({ id: own(id), root: one(`${id}-t`), name, tags: [tag, id] });
    await runner.settle(await runner.lease(1));
    const list = async (filter: object) => {
      const ids: string[] = [];
      let pageToken = "";
      do {
        const page = await canvases.listCanvases({ pageSize: 2, pageToken, name, ...filter });
        ids.push(...page.canvases.map(({ id }) => id));
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return ids;
    };
    expect(await list({})).toEqual(["l3", "l2", "l1"].map(own));
    expect(await list({ tag })).toEqual(["l3", "l2", "l1"].map(own));
    expect(await list({ tag: "l2" })).toEqual([own("l2")]);
    expect(await list({ states: [CanvasState.SUCCEEDED] })).toEqual([own("l1")]);
    expect(await list({ states: [CanvasState.OPEN], tag: "l1" })).toEqual([]);
    expect(await list({ name: own("none") })).toEqual([]);
    const { nextPageToken: pageToken } = await canvases.listCanvases({ pageSize: 2, name });
    await expect(canvases.listCanvases({ pageToken, name: own("other") })).rejects.toThrow(/page_token/);
  });

  test("a canvas is read as it was written, with its groups, and its tasks tell where they are in it", async () => {
    const { canvases, canvas, task, tasks, runner, one, queue } = connect("read");
    const canvasId = own("read");
    const root = chain(one("r1"), group(one("r2"), one("r3")));
    await canvases.submitCanvas({ id: canvasId, root, name: own("named"), tags: ["t"] });
    expect(await canvas(canvasId)).toMatchObject({
      ...{ id: canvasId, name: own("named"), tags: ["t"], state: CanvasState.OPEN, groups: [] },
      root: { node: { case: "chain", value: { steps: [{ node: { case: "task" } }, {}] } } },
    });
    expect(await task(own("r1"))).toMatchObject({ canvas: { canvasId, groupId: canvasId, step: 0 } });
    await runner.settle(await runner.lease());
    const [groupOf] = (await canvas(canvasId)).groups;
    expect(groupOf).toMatchObject({ size: 2, ended: 0, sealed: true, parentGroupId: "" });
    const listed = await tasks.listTasks({ queue, pageSize: 2 });
    expect(listed.tasks.map(({ canvas }) => canvas)).toMatchObject([
      { canvasId, groupId: groupOf?.id, index: 1 },
      { canvasId, groupId: groupOf?.id, index: 0 },
    ]);
    const { canvas: basic } = await canvases.getCanvas({ canvasId, view: CanvasView.BASIC });
    expect(basic).toMatchObject({ id: canvasId, groups: [] });
    expect(basic?.root).toBeUndefined();
    await runner.drain();
    const { members } = await canvases.listCanvasMembers({ canvasId, groupId: groupOf?.id ?? "" });
    expect(members).toMatchObject([
      { index: 0, source: { case: "taskId", value: own("r2") } },
      { index: 1, source: { case: "taskId", value: own("r3") } },
    ]);
  });

  test("a list that is too large to hand over is handed by name, and is read in pages", async () => {
    const { canvases, runner, one } = connect("large");
    const handedTo = async (id: string, count: number, value: string) => {
      const header = Array.from({ length: count }, (_, at) => one(`${id}-${at}`, "ok", value));
      await canvases.submitCanvas({ id: own(id), root: chord(header, one(id, "all")) });
      await runner.drain();
      return runner.runs.at(-1)?.args;
    };
    expect(await handedTo("small", 2, "x")).toEqual([["x", "x"]]);
    const [given] = (await handedTo("bytes", 2, "x".repeat(30))) ?? [];
    const { groupId } = (given as { "stem.results": { groupId: string } })["stem.results"];
    expect(given).toEqual({ "stem.results": { canvasId: own("bytes"), groupId, count: 2 } });
    const { members } = await canvases.listCanvasMembers({ canvasId: own("bytes"), groupId });
    expect(members.map(({ value }) => plainValue(value))).toEqual(times(2, "x".repeat(30)));
    expect(await handedTo("items", 21, "")).toMatchObject([{ "stem.results": { count: 21 } }]);
  });

  test("a grant says where results by reference are; arguments that only look like that are their producer's", async () => {
    const { canvases, tasks, runner, queue, one } = connect("grant");
    const large = "x".repeat(30);
    const named = (id: string, args: object) => taskOf({ id: own(id), name: "all", queue, args: json(args) });
    const header = [one("g1", "ok", large), one("g2", "ok", large)];
    const forged = { "stem.results": { canvasId: own("grant"), groupId: "g", count: 2 } };
    const bodies = group(one("listed", "all", forged), named("named", { forged }), {
      ...named("as", { result: forged }),
      inputAs: "rows",
    });
    await canvases.submitCanvas({ id: own("grant"), root: chain(group(...header), bodies) });
    await runner.settle(await runner.lease());
    await tasks.enqueueTask({ id: own("forged"), name: "all", queue, args: json([forged]) });
    await tasks.enqueueTask({ id: own("forged-too"), name: "all", queue, args: json({ result: forged }) });
    const grants = await runner.lease();
    const given = new Map(grants.map(({ taskId, results }) => [taskId, results]));
    const [groupOf] = (await canvases.getCanvas({ canvasId: own("grant") })).canvas?.groups ?? [];
    const results = { canvasId: own("grant"), groupId: groupOf?.id, count: 2 };
    expect(given.get(own("listed"))).toMatchObject({ ...results, member: "" });
    expect(given.get(own("named"))).toMatchObject({ ...results, member: "result" });
    expect(given.get(own("as"))).toMatchObject({ ...results, member: "rows" });
    expect([...given].filter(([id]) => /forged/.test(id)).map(([, said]) => said)).toEqual([
      undefined,
      undefined,
    ]);
    await runner.settle(grants);
  });

  test("what a producer signed is on each member as it was", async () => {
    const { canvases, workers, queue, runner } = connect("sign");
    const signature = { algorithm: "ed25519", keyId: "k", bytes: Uint8Array.of(1, 2, 3) };
    const map = { task: { name: "ok", queue, signature }, items: [json(1), json(2)] };
    const root = chain(group(taskOf({ name: "ok", queue, signature })), {
      node: { case: "map", value: map },
    });
    await canvases.submitCanvas({ root });
    for (const count of [1, 2]) {
      const { grants } = await workers.leaseTasks({ queues: [queue], maxTasks: 10 });
      expect(grants.map(({ task }) => task?.signature)).toMatchObject(times(count, signature));
      await runner.settle(grants);
    }
  });
});
