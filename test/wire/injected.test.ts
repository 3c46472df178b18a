import { once } from "node:events";
import { type Duplex, duplexPair } from "node:stream";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { afterEach, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";

const servers: WireServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** Our end of a connection that never saw a socket. */
async function injected(): Promise<{ server: WireServer; ours: Duplex }> {
  const server = await startWireServer();
  servers.push(server);
  const [ours, theirs] = duplexPair();
  server.api.inject(theirs);
  return { server, ours };
}

test("gRPC runs over a pair of streams", async () => {
  const { ours } = await injected();
  const nodeOptions = { createConnection: () => ours };
  const tasks = createClient(TaskService, createGrpcTransport({ baseUrl: "http://in-process", nodeOptions }));
  expect((await tasks.enqueueTask({ id: "t1", name: "a" })).taskId).toBe("t1");
  async function* frames() {
    yield { frameSeq: 1n, tasks: [{ id: "t2", name: "a" }] };
  }
  const answers = await Array.fromAsync(tasks.streamTasks(frames()));
  expect(answers.map(({ frameSeq }) => frameSeq)).toEqual([1n]);
  const ids: string[] = [];
  for await (const { updates } of tasks.awaitTasks({ tasks: [{ taskId: "t2" }], timeout: {} }))
    ids.push(...updates.map(({ taskId }) => taskId));
  expect(ids).toEqual(["t2"]);
});

test("HTTP/1.1 runs over a pair of streams", async () => {
  const { ours } = await injected();
  const head = "POST /stem.v1.TaskService/EnqueueTask HTTP/1.1\r\nhost: a\r\ncontent-type: application/json";
  ours.write(`${head}\r\ncontent-length: 22\r\n\r\n{"id":"t1","name":"a"`);
  ours.write("}");
  let answer = "";
  ours.on("data", (chunk: Buffer) => {
    answer += chunk.toString();
  });
  await expect.poll(() => answer).toContain('{"taskId":"t1"}');
});

test("a closed server takes no connection", async () => {
  const { server, ours } = await injected();
  await server.api.close();
  expect(ours.destroyed || ours.readableEnded || (await once(ours.resume(), "end"))).toBeTruthy();
  const [, late] = duplexPair();
  server.api.inject(late);
  expect(late.destroyed).toBe(true);
});
