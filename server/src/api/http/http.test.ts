import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema, RequestInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import {
  AwaitTasksResponseSchema,
  EnqueueTaskResponseSchema,
  GetTaskResponseSchema,
  ListTasksResponseSchema,
  TaskService,
} from "@stem/proto/stem/v1/task_service_pb";
import { afterEach, expect, test } from "vitest";
import { type ServedRoutes, serveRoutes } from "../../../../test/support/served-routes.ts";
import type { Limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import { Encoded, type Handlers, serve } from "../call.ts";

type TaskHandlers = Handlers<typeof TaskService>;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const unexpected = (): never => {
  throw new Error("not called here");
};

const silent: TaskHandlers = {
  enqueueTask: unexpected,
  enqueueTasks: unexpected,
  streamTasks: unexpected,
  getTask: unexpected,
  listTasks: unexpected,
  awaitTasks: unexpected,
};

async function served(handlers: Partial<TaskHandlers>, limits: Partial<Limits> = {}): Promise<ServedRoutes> {
  const server = await serveRoutes([serve(TaskService, { ...silent, ...handlers })], limits);
  closers.push(() => server.close());
  return server;
}

const transports: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  "Connect with JSON": (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
  "Connect, binary": (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  "gRPC-Web": (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
};
const protocols = Object.keys(transports);

function clientOf(server: ServedRoutes, protocol: string): Client<typeof TaskService> {
  const transport = transports[protocol]?.(server.url);
  if (!transport) throw new Error(`no transport ${protocol}`);
  return createClient(TaskService, transport);
}

const caught = async (promise: Promise<unknown>): Promise<ConnectError> =>
  ConnectError.from(await promise.catch((reason: unknown) => reason));

const post = (server: ServedRoutes, method: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/stem.v1.TaskService/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });

async function dialled({ host, port }: ServedRoutes): Promise<Socket> {
  const socket = connect(port, host);
  closers.push(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

const one = { tasks: [{ taskId: "t1" }] };
const updateOf = (taskId: string) => create(AwaitTasksResponseSchema, { updates: [{ taskId }] });

test.each(protocols)(
  "%s: a unary call gets its answer, also one that was encoded before",
  async (protocol) => {
    const client = clientOf(
      await served({
        getTask: async ({ taskId }) => create(GetTaskResponseSchema, { task: { id: taskId } }),
        listTasks: async () => {
          const page = create(ListTasksResponseSchema, { nextPageToken: "next" });
          return new Encoded(ListTasksResponseSchema, toBinary(ListTasksResponseSchema, page));
        },
      }),
      protocol,
    );
    expect((await client.getTask({ taskId: "t1" })).task?.id).toBe("t1");
    expect((await client.listTasks({})).nextPageToken).toBe("next");
  },
);

test.each(protocols)("%s: a problem arrives as its code with its details", async (protocol) => {
  const getTask: TaskHandlers["getTask"] = async ({ taskId }) => {
    throw new StemProblem({ reason: "TASK_UNKNOWN", taskId });
  };
  const error = await caught(clientOf(await served({ getTask }), protocol).getTask({ taskId: "t1" }));
  expect(error.code).toBe(Code.NotFound);
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
    { reason: "TASK_UNKNOWN", domain: "stem.v1", metadata: { taskId: "t1" } },
  ]);
});

test.each(protocols)("%s: a bug tells its request's id and nothing else, and is logged", async (protocol) => {
  const server = await served({ getTask: () => Promise.reject(new Error("secret cause")) });
  const error = await caught(clientOf(server, protocol).getTask({ taskId: "t1" }));
  expect(error.code).toBe(Code.Internal);
  expect(error.rawMessage).toBe("internal error");
  const [info] = error.findDetails(RequestInfoSchema);
  expect(server.log.lines).toMatchObject([
    { level: "error", facts: { requestId: info?.requestId, err: { message: "secret cause" } } },
  ]);
});

test.each(protocols)("%s: an error in the middle of a stream arrives with its details", async (protocol) => {
  const server = await served({
    async *awaitTasks() {
      yield updateOf("t1");
      throw new StemProblem({ reason: "STORE_UNAVAILABLE" });
    },
  });
  const seen: string[] = [];
  const read = async () => {
    for await (const { updates } of clientOf(server, protocol).awaitTasks(one))
      seen.push(...updates.map(({ taskId }) => taskId));
  };
  const error = await caught(read());
  expect(seen).toEqual(["t1"]);
  expect(error.code).toBe(Code.Unavailable);
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "STORE_UNAVAILABLE" }]);
});

test.each(protocols)("%s: a call without a deadline gets the server's", async (protocol) => {
  const server = await served({ getTask: () => new Promise(() => undefined) }, { unaryMsMax: 50 });
  const error = await caught(clientOf(server, protocol).getTask({ taskId: "t1" }));
  expect(error.code).toBe(Code.DeadlineExceeded);
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "DEADLINE_EXCEEDED" }]);
});

test.each(protocols)("%s: an enormous deadline is a deadline, not none and not now", async (protocol) => {
  const server = await served({
    getTask: async (_request, { timeoutMs }) =>
      create(GetTaskResponseSchema, { task: { id: String(timeoutMs) } }),
  });
  const timeoutMs = 99_999_999;
  const { task } = await clientOf(server, protocol).getTask({ taskId: "t1" }, { timeoutMs });
  expect(task?.id).toBe(String(timeoutMs));
});

test("a deadline that does not fit a timer is cut, and the call goes on", async () => {
  const server = await served({ getTask: async () => create(GetTaskResponseSchema) });
  const answer = await post(server, "GetTask", '{"taskId":"t1"}', { "connect-timeout-ms": "9999999999" });
  expect(answer.status).toBe(200);
});

test("a malformed deadline is refused", async () => {
  const server = await served({});
  const answer = await post(server, "GetTask", '{"taskId":"t1"}', { "connect-timeout-ms": "soon" });
  expect(answer.status).toBe(400);
});

test("a call that streams both ways says that it needs HTTP/2", async () => {
  const server = await served({});
  const answer = await fetch(`${server.url}/stem.v1.TaskService/StreamTasks`, {
    method: "POST",
    headers: { "content-type": "application/connect+json" },
    body: new Uint8Array(),
  });
  const text = await answer.text();
  expect(text).toContain('"code":"unimplemented"');
  expect(text).toContain("stem.v1.TaskService/StreamTasks streams both ways and needs HTTP/2: use gRPC");
});

test("gRPC proper on HTTP/1.1 is answered with 415", async () => {
  const server = await served({});
  const answer = await post(server, "GetTask", "", { "content-type": "application/grpc" });
  expect(answer.status).toBe(415);
});

test("JSON that nests without end is refused before it is parsed", async () => {
  const server = await served({});
  const started = performance.now();
  const answer = await post(server, "EnqueueTask", `{"name":"a","args":{"value":${"[".repeat(4_000_000)}`);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain("JSON must not nest deeper than 80 levels");
  expect(performance.now() - started).toBeLessThan(1000);
});

test("a body with more parts than a request may have is refused before it is decoded", async () => {
  const server = await served({});
  const tasks = "{},".repeat(1_000_000);
  const json = await post(server, "EnqueueTasks", `{"tasks":[${tasks}{}]}`);
  expect(json.status).toBe(429);
  expect(await json.text()).toContain("brackets and commas");
  // Field 2, empty, again and again. In gRPC-Web with flags and a length before it.
  const binary = "\u0012\0".repeat(0x1e_0000 / 2);
  const bare = await post(server, "EnqueueTasks", binary, { "content-type": "application/proto" });
  expect(bare.status).toBe(429);
  const web = await post(server, "EnqueueTasks", `\0\0\u001e\0\0${binary}`, {
    "content-type": "application/grpc-web+proto",
  });
  expect(web.headers.get("grpc-status") ?? (await web.text())).toContain("8");
});

test("bytes that are no message of the method's type are the caller's fault", async () => {
  const server = await served({});
  // A number where there should be text, which the decoder would take for its length.
  const answer = await post(server, "GetTask", "\u0010\u0001a", { "content-type": "application/proto" });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ code: "invalid_argument" });
  expect(server.log.lines).toEqual([]);
});

test("a body beyond the limit is refused", async () => {
  const server = await served({}, { messageBytesMax: 1000 });
  const answer = await post(server, "GetTask", JSON.stringify({ taskId: "x".repeat(2000) }));
  expect(answer.status).toBe(429);
  expect(await answer.json()).toMatchObject({ code: "resource_exhausted" });
});

test("probes see life and readiness, and anything else is not found", async () => {
  const server = await served({});
  expect(await (await fetch(`${server.url}/healthz`)).text()).toBe("ok\n");
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  server.closing.abort();
  expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect((await fetch(`${server.url}/healthz`, { method: "DELETE" })).status).toBe(405);
  expect((await fetch(`${server.url}/nothing?x=1`)).status).toBe(404);
});

test.each([
  ["no Host in HTTP/1.0", "POST /stem.v1.TaskService/GetTask HTTP/1.0\r\ncontent-length: 0\r\n\r\n"],
  [
    "a Host that is none",
    "POST /stem.v1.TaskService/GetTask HTTP/1.1\r\nhost: [\r\ncontent-length: 0\r\n\r\n",
  ],
])("%s is a bad request and no more", async (_what, text) => {
  const server = await served({});
  const socket = await dialled(server);
  socket.end(text);
  const [answer] = await once(socket, "data");
  expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test.each([
  ["a request's head", "GET /healthz HTTP/1.1\r\nhost: a\r\nx-slow: "],
  ["a second request's head", "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\nGET /healthz HTTP/1.1\r\nx-slow: "],
])("a connection that does not finish %s is closed", async (_what, text) => {
  const socket = await dialled(await served({}, { prefaceMsMax: 50 }));
  socket.resume().write(text);
  await once(socket, "close");
});

test("a connection that does not finish a body is closed", async () => {
  const socket = await dialled(await served({}, { unaryMsMax: 50 }));
  const head = "POST /stem.v1.TaskService/GetTask HTTP/1.1\r\nhost: a\r\ncontent-type: application/json";
  socket.resume().write(`${head}\r\ncontent-length: 10\r\n\r\n{`);
  await once(socket, "close");
});

test("a client that has sent all and closed its half still gets its answer", async () => {
  const server = await served({
    enqueueTask: async () => create(EnqueueTaskResponseSchema, { taskId: "t1" }),
  });
  const socket = await dialled(server);
  const head = "POST /stem.v1.TaskService/EnqueueTask HTTP/1.1\r\nhost: a\r\ncontent-type: application/json";
  socket.end(`${head}\r\ncontent-length: 12\r\n\r\n{"name":"a"}`);
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString();
  });
  await expect.poll(() => answer).toContain('{"taskId":"t1"}');
});

test("a reader that stops reading stops the handler, and is cut when that lasts", async () => {
  let made = 0;
  const wasEnded = Promise.withResolvers<void>();
  const large = create(AwaitTasksResponseSchema, { updates: [{ taskId: "x".repeat(1024 * 1024) }] });
  const server = await served(
    {
      async *awaitTasks() {
        try {
          for (; made < 1000; made += 1) yield large;
        } finally {
          wasEnded.resolve();
        }
      },
    },
    { streamStalledMsMax: 300 },
  );
  const socket = await dialled(server);
  const body = Buffer.concat([Buffer.of(0, 0, 0, 0, 27), Buffer.from('{"tasks":[{"taskId":"t1"}]}')]);
  const head =
    "POST /stem.v1.TaskService/AwaitTasks HTTP/1.1\r\nhost: a\r\ncontent-type: application/connect+json";
  socket.write(`${head}\r\ncontent-length: ${body.length}\r\n\r\n`);
  socket.write(body);
  await wasEnded.promise;
  // The kernel's buffers on both sides, and what one write may hold.
  expect(made).toBeLessThan(30);
});

test("a caller that leaves ends its handler", async () => {
  const aborted = Promise.withResolvers<void>();
  const server = await served({
    async *awaitTasks(_request, { signal }) {
      yield updateOf("t1");
      await once(signal, "abort");
      aborted.resolve();
    },
  });
  const leaving = new AbortController();
  const read = async () => {
    const updates = clientOf(server, "Connect with JSON").awaitTasks(one, { signal: leaving.signal });
    for await (const _update of updates) leaving.abort();
  };
  expect((await caught(read())).code).toBe(Code.Canceled);
  await aborted.promise;
});
