import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { AwaitTasksRequestSchema, TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ended, framed, rawCall, rawConnect } from "../support/raw-http2.ts";
import { startWireServer, type WireServer } from "../support/wire-server.ts";

const resultBytes = 1024 * 1024;
const taskIds = Array.from({ length: 40 }, (_, n) => `large-${n}`);
const readersAtOnce = 20;

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ limits: { streamStalledMsMax: 2_000 } });
  const transport = createGrpcTransport({ baseUrl: server.url });
  const workers = createClient(WorkerService, transport);
  await createClient(TaskService, transport).enqueueTasks({
    tasks: taskIds.map((id) => ({ id, name: "a" })),
  });
  const { grants } = await workers.leaseTasks({ queues: ["default"], maxTasks: taskIds.length });
  const result = { data: { case: "binary" as const, value: new Uint8Array(resultBytes) } };
  for (const { leaseToken } of grants)
    await workers.settleTasks({
      settlements: [{ leaseToken, outcome: { case: "succeeded", value: { result } } }],
    });
});
afterAll(() => server.close());

test("readers that never read cost a bounded amount each, and are cut", { timeout: 30_000 }, async () => {
  const request = create(AwaitTasksRequestSchema, { tasks: taskIds.map((taskId) => ({ taskId })) });
  const frame = framed(toBinary(AwaitTasksRequestSchema, request));
  const session = await rawConnect(server.url);
  const before = process.memoryUsage().rss;
  const streams = Array.from({ length: readersAtOnce }, () =>
    rawCall(session, "/stem.v1.TaskService/AwaitTasks").end(frame),
  );
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 10);
  await Promise.all(streams.map(ended));
  clearInterval(watch);
  expect(streams.map((stream) => stream.rstCode)).toEqual(streams.map(() => 11));
  // Each was sent one frame of 3.5 MiB, built, encoded and framed, of the 40 MiB that it asked for: 800 MiB for all.
  expect(peak - before).toBeLessThan(400 * 1024 * 1024);
  session.destroy();
});

test("a reader that reads gets it all, however much that is", { timeout: 30_000 }, async () => {
  const tasks = createClient(TaskService, createGrpcTransport({ baseUrl: server.url }));
  const seen = new Set<string>();
  let largest = 0;
  for await (const response of tasks.awaitTasks({ tasks: taskIds.map((taskId) => ({ taskId })) })) {
    largest = Math.max(largest, response.updates.length);
    for (const { taskId, update } of response.updates)
      if (update.case === "task" && update.value.result?.data.case === "binary") seen.add(taskId);
  }
  expect(seen.size).toBe(taskIds.length);
  expect(largest).toBe(3);
});
