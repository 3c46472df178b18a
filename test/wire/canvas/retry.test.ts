import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { CanvasState, OnMemberFailure } from "@stem/proto/stem/v1/canvas_pb";
import { CanvasService } from "@stem/proto/stem/v1/canvas_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { defineTask, NonRetryable } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { chord, gathering, task } from "../../support/canvas-nodes.ts";
import { startStem } from "../../support/whole-stem.ts";

const double = defineTask<[value: number], number>({ name: "double" });
const list = defineTask<[values: readonly number[]], string>({ name: "list" });
const wait = { onMemberFailure: OnMemberFailure.WAIT };

async function open(limits: { readonly canvasTasksMax?: number } = {}) {
  const { url, work } = await startStem({ limits });
  const canvases = createClient(CanvasService, createGrpcTransport({ baseUrl: url }));
  const state = { isBroken: true, runs: 0 };
  await work({
    tasks: [
      implement(double, (_ctx, value) => {
        state.runs += 1;
        if (state.isBroken && value > 1) throw new NonRetryable("broken");
        return value * 2;
      }),
      implement(list, (_ctx, values) => values.join(" ")),
    ],
  });
  return {
    ...{ canvases, state, url },
    tasks: createClient(TaskService, createGrpcTransport({ baseUrl: url })),
    async ended(canvasId: string) {
      let last: CanvasState | undefined;
      for await (const { canvas } of canvases.watchCanvas({ canvasId })) last = canvas?.state;
      return last;
    },
  };
}

async function refusal(call: Promise<unknown>) {
  const error = await call.then(
    () => new Error("nothing was refused"),
    (thrown) => thrown,
  );
  if (!(error instanceof ConnectError)) throw error;
  const [info] = error.findDetails(ErrorInfoSchema);
  return { code: error.code, reason: info?.reason, metadata: info?.metadata };
}

test("a canvas that failed is retried once for each new id, and says which one it retries", async () => {
  const { canvases, tasks, state, ended, url } = await open();
  const root = chord([task("double", 1), task("double", 2), task("double", 3)], task("list"), wait);
  await canvases.submitCanvas({ id: "c", root, name: "doubles" });
  expect(await ended("c")).toBe(CanvasState.FAILED);
  state.isBroken = false;
  const first = await canvases.retryCanvas({ canvasId: "c" });
  expect(first).toMatchObject({ started: 2, deduplicated: false });
  expect(await ended(first.canvasId)).toBe(CanvasState.SUCCEEDED);
  expect(await canvases.retryCanvas({ canvasId: "c" })).toMatchObject({
    ...{ canvasId: first.canvasId, deduplicated: true },
  });
  expect(state.runs).toBe(5);
  const { canvas } = await canvases.getCanvas({ canvasId: first.canvasId });
  expect(canvas).toMatchObject({ name: "doubles", retryOf: "c" });
  const { value } = await canvases.getCanvasResult({ canvasId: first.canvasId });
  expect(value?.value.value).toMatchObject({ data: { value: '"2 4 6"' } });
  const { tasks: all } = await tasks.listTasks({});
  const again = all.filter(({ canvas: place }) => place?.canvasId === first.canvasId);
  expect(again.map(({ name, replayOf }) => [name, replayOf !== ""])).toEqual([
    ["list", false],
    ["double", true],
    ["double", true],
  ]);

  const overHttp = createClient(CanvasService, createConnectTransport({ baseUrl: url, httpVersion: "1.1" }));
  const second = await overHttp.retryCanvas({ canvasId: "c", newCanvasId: "mine" });
  expect(second).toMatchObject({ canvasId: "mine", started: 2, deduplicated: false });
  expect(await ended("mine")).toBe(CanvasState.SUCCEEDED);
});

test("a canvas that goes on, has succeeded or is not there is not retried, nor one of which too much would start", async () => {
  const { canvases, state, ended } = await open({ canvasTasksMax: 2 });
  await canvases.submitCanvas({ id: "open", root: gathering({ ...wait, open: true }, task("double", 1)) });
  await canvases.submitCanvas({ id: "good", root: task("double", 1) });
  expect(await ended("good")).toBe(CanvasState.SUCCEEDED);
  expect(await refusal(canvases.retryCanvas({ canvasId: "open" }))).toEqual({
    ...{ code: Code.FailedPrecondition, reason: "CANVAS_NOT_FAILED" },
    metadata: { canvasId: "open", state: "open" },
  });
  expect(await refusal(canvases.retryCanvas({ canvasId: "good" }))).toMatchObject({
    ...{ code: Code.FailedPrecondition, reason: "CANVAS_NOT_FAILED" },
  });
  expect(await refusal(canvases.retryCanvas({ canvasId: "nobody" }))).toMatchObject({
    ...{ code: Code.NotFound, reason: "CANVAS_UNKNOWN" },
  });
  await canvases.addCanvasMembers({
    ...{ canvasId: "open", requestId: "1", members: [task("double", 2), task("double", 3)] },
  });
  await canvases.addCanvasMembers({
    canvasId: "open",
    requestId: "2",
    members: [task("double", 4)],
    seal: true,
  });
  expect(await ended("open")).toBe(CanvasState.FAILED);
  expect(state.runs).toBe(5);
  expect(await refusal(canvases.retryCanvas({ canvasId: "open" }))).toMatchObject({
    ...{ code: Code.ResourceExhausted, reason: "BATCH_TOO_LARGE" },
  });
});
