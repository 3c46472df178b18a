import { once } from "node:events";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import {
  ErrorInfoSchema,
  RequestInfoSchema,
  ResourceInfoSchema,
} from "@stem/proto/google/rpc/error_details_pb";
import {
  AwaitTasksResponseSchema,
  EnqueueTaskResponseSchema,
  GetTaskRequestSchema,
  GetTaskResponseSchema,
  ListTasksResponseSchema,
  StreamTasksResponseSchema,
  TaskService,
} from "@stem/proto/stem/v1/task_service_pb";
import { afterEach, expect, test } from "vitest";
import {
  ended,
  framed,
  grpcMessage,
  grpcStatus,
  rawAnswer,
  rawCall,
  rawConnect,
} from "../../../../test/support/raw-http2.ts";
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

async function served(
  handlers: Partial<TaskHandlers>,
  limits: Partial<Limits> = {},
): Promise<ServedRoutes & { client: Client<typeof TaskService> }> {
  const server = await serveRoutes([serve(TaskService, { ...silent, ...handlers })], limits);
  closers.push(() => server.close());
  return { ...server, client: createClient(TaskService, createGrpcTransport({ baseUrl: server.url })) };
}

async function connected(server: ServedRoutes) {
  const session = await rawConnect(server.url);
  closers.push(() => session.destroy());
  return session;
}

const getTaskPath = "/stem.v1.TaskService/GetTask";
const getTaskFrame = framed(toBinary(GetTaskRequestSchema, create(GetTaskRequestSchema, { taskId: "t1" })));
const updateOf = (taskId: string) => create(AwaitTasksResponseSchema, { updates: [{ taskId }] });
const one = { tasks: [{ taskId: "t1" }] };

test("a unary call gets its answer, also one that was encoded before", async () => {
  const { client } = await served({
    getTask: async ({ taskId }) => create(GetTaskResponseSchema, { task: { id: taskId } }),
    listTasks: async () => {
      const page = create(ListTasksResponseSchema, { nextPageToken: "next" });
      return new Encoded(ListTasksResponseSchema, toBinary(ListTasksResponseSchema, page));
    },
  });
  expect((await client.getTask({ taskId: "t1" })).task?.id).toBe("t1");
  expect((await client.listTasks({})).nextPageToken).toBe("next");
});

test("a problem arrives as its code with its details", async () => {
  const { client } = await served({
    getTask: async ({ taskId }) => {
      throw new StemProblem({ reason: "TASK_UNKNOWN", taskId });
    },
  });
  const error = ConnectError.from(await client.getTask({ taskId: "t1" }).catch((reason: unknown) => reason));
  expect(error.code).toBe(Code.NotFound);
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
    { reason: "TASK_UNKNOWN", domain: "stem.v1", metadata: { taskId: "t1" } },
  ]);
  expect(error.findDetails(ResourceInfoSchema)).toMatchObject([{ resourceName: "t1" }]);
});

test.each<[string, TaskHandlers["getTask"]]>([
  [
    "at once",
    () => {
      throw new Error("secret cause");
    },
  ],
  ["later", () => Promise.reject(new Error("secret cause"))],
])("a handler that throws %s fails one call, tells its id and nothing else", async (_when, getTask) => {
  const { client, log } = await served({
    getTask,
    enqueueTask: async () => create(EnqueueTaskResponseSchema, { taskId: "t2" }),
  });
  const error = ConnectError.from(await client.getTask({ taskId: "t1" }).catch((reason: unknown) => reason));
  expect(error.code).toBe(Code.Internal);
  expect(error.rawMessage).toBe("internal error");
  const [info] = error.findDetails(RequestInfoSchema);
  expect(log.lines).toMatchObject([
    { level: "error", facts: { requestId: info?.requestId, err: { message: "secret cause" } } },
  ]);
  expect((await client.enqueueTask({ name: "a" })).taskId).toBe("t2");
});

test("an error in the middle of a stream arrives with its details, after what was sent before", async () => {
  const { client } = await served({
    async *awaitTasks() {
      yield updateOf("t1");
      throw new StemProblem({ reason: "STORE_UNAVAILABLE" });
    },
  });
  const seen: string[] = [];
  const read = async () => {
    for await (const { updates } of client.awaitTasks(one)) seen.push(...updates.map((u) => u.taskId));
  };
  const error = ConnectError.from(await read().catch((reason: unknown) => reason));
  expect(seen).toEqual(["t1"]);
  expect(error.code).toBe(Code.Unavailable);
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "STORE_UNAVAILABLE" }]);
});

test("a request that breaks a rule of the schema is refused with the field's path", async () => {
  const { client } = await served({});
  const error = ConnectError.from(await client.getTask({ taskId: "" }).catch((reason: unknown) => reason));
  expect(error.code).toBe(Code.InvalidArgument);
  expect(error.rawMessage).toBe("task_id: must be 1 to 128 printable ASCII characters without spaces");
});

test("frames are read one at a time, as fast as the handler asks for them", async () => {
  const asked = Promise.withResolvers<void>();
  let read = 0;
  const server = await served({
    async *streamTasks(frames) {
      for await (const { frameSeq } of frames) {
        read += 1;
        if (read === 1) await asked.promise;
        yield create(StreamTasksResponseSchema, { frameSeq });
      }
    },
  });
  const stream = rawCall(await connected(server), "/stem.v1.TaskService/StreamTasks");
  // frame_seq 1 to 4, by hand: field 1, a varint.
  for (const seq of [1, 2, 3, 4]) stream.write(framed(Uint8Array.of(8, seq)));
  stream.end();
  const answer = rawAnswer(stream);
  await expect.poll(() => read).toBe(1);
  asked.resolve();
  const { body } = await answer;
  expect(read).toBe(4);
  expect(body.length).toBe(4 * framed(Uint8Array.of(8, 1)).length);
});

test("a caller that does not read stops the handler, and is cut when that lasts", async () => {
  let made = 0;
  let wasEnded = false;
  const server = await served(
    {
      async *awaitTasks() {
        try {
          for (;;) {
            made += 1;
            yield create(AwaitTasksResponseSchema, { updates: [{ taskId: "x".repeat(64 * 1024) }] });
          }
        } finally {
          wasEnded = true;
        }
      },
    },
    { streamStalledMsMax: 300 },
  );
  const stream = rawCall(await connected(server), "/stem.v1.TaskService/AwaitTasks");
  // Tasks: one with id "t1".
  stream.end(framed(Uint8Array.of(0x12, 4, 10, 2, 0x74, 0x31)));
  // Not read, so only the reset can end it.
  await ended(stream);
  expect(stream.rstCode).toBe(11); // ENHANCE_YOUR_CALM, which gRPC calls RESOURCE_EXHAUSTED
  await expect.poll(() => wasEnded).toBe(true);
  // 256 KiB unsent, a window of 64 KiB or what the client buffers, and the one message in hand.
  expect(made).toBeLessThan(20);
  expect(server.log.lines).toMatchObject([{ level: "warn", facts: { stalledMs: 300 } }]);
});

test("a caller that leaves ends its handler", async () => {
  const aborted = Promise.withResolvers<void>();
  const { client } = await served({
    async *awaitTasks(_request, { signal }) {
      yield updateOf("t1");
      await once(signal, "abort");
      aborted.resolve();
    },
  });
  const leaving = new AbortController();
  const read = async () => {
    for await (const _update of client.awaitTasks(one, { signal: leaving.signal })) leaving.abort();
  };
  await expect(read()).rejects.toMatchObject({ code: Code.Canceled });
  await aborted.promise;
});

test("a unary call without a deadline gets the server's", async () => {
  const server = await served({ getTask: () => new Promise(() => undefined) }, { unaryMsMax: 50 });
  const error = ConnectError.from(
    await server.client.getTask({ taskId: "t1" }).catch((reason: unknown) => reason),
  );
  expect(error.code).toBe(Code.DeadlineExceeded);
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
    { reason: "DEADLINE_EXCEEDED", metadata: { limitMs: "50" } },
  ]);
});

test("a caller's deadline ends its call on the server, too", async () => {
  const server = await served({ getTask: () => new Promise(() => undefined) });
  const stream = rawCall(await connected(server), getTaskPath, { "grpc-timeout": "40m" });
  stream.end(getTaskFrame);
  const answer = await rawAnswer(stream);
  expect(grpcStatus(answer)).toBe("4");
  expect(answer.headers["grpc-status-details-bin"]).toBeDefined();
});

test("an enormous deadline is a deadline, not none and not now", async () => {
  let seen: number | undefined;
  const server = await served({
    async getTask(_request, { timeoutMs }) {
      seen = timeoutMs;
      return create(GetTaskResponseSchema);
    },
  });
  const stream = rawCall(await connected(server), getTaskPath, { "grpc-timeout": "99999999H" });
  expect(grpcStatus(await rawAnswer(stream.end(getTaskFrame)))).toBe("0");
  expect(seen).toBeGreaterThan(99_999_998 * 3_600_000);
});

test.each(["abc", "1X", "-1S", "1.5S", "999999999S", "5 S"])(
  "grpc-timeout %j is refused as malformed",
  async (timeout) => {
    const server = await served({});
    const stream = rawCall(await connected(server), getTaskPath, { "grpc-timeout": timeout });
    stream.end(getTaskFrame);
    const answer = await rawAnswer(stream);
    expect(grpcStatus(answer)).toBe("13");
    expect(grpcMessage(answer)).toContain("grpc-timeout");
  },
);

test.each([
  undefined,
  "application/json",
  "application/grpc-web",
  "application/grpc-web+proto",
  "application/grpc+json",
])("content type %s is answered with 415", async (type) => {
  const server = await served({});
  const stream = rawCall(await connected(server), getTaskPath, { "content-type": type });
  stream.end(getTaskFrame);
  expect((await rawAnswer(stream)).headers[":status"]).toBe(415);
});

test("content type application/grpc+proto is gRPC", async () => {
  const server = await served({ getTask: async () => create(GetTaskResponseSchema) });
  const stream = rawCall(await connected(server), getTaskPath, {
    "content-type": "application/grpc+proto; charset=utf-8",
  });
  stream.end(getTaskFrame);
  expect(grpcStatus(await rawAnswer(stream))).toBe("0");
});

test("metadata beyond the limit is refused", async () => {
  const server = await served({}, { metadataBytesMax: 1000 });
  const stream = rawCall(await connected(server), getTaskPath, { "x-large": "x".repeat(1000) });
  stream.end(getTaskFrame);
  expect(grpcStatus(await rawAnswer(stream))).toBe("8");
});

test("a request that never comes is not waited for longer than a unary call may take", async () => {
  const server = await served({}, { unaryMsMax: 50 });
  const stream = rawCall(await connected(server), getTaskPath);
  const answer = rawAnswer(stream);
  expect(grpcStatus(await answer)).toBe("4");
});

test.each([
  ["no request", []],
  ["two requests", [getTaskFrame, getTaskFrame]],
])("%s to a unary method are UNIMPLEMENTED", async (_what, frames) => {
  const server = await served({ getTask: async () => create(GetTaskResponseSchema) });
  const stream = rawCall(await connected(server), getTaskPath);
  stream.end(Buffer.concat(frames));
  expect(grpcStatus(await rawAnswer(stream))).toBe("12");
});

test.each(["/", "/stem.v1.TaskService/getTask", "/nope.Nope/Nope", `/${"\u00e9".repeat(5000)}`])(
  "path %.30s is UNIMPLEMENTED, with a short and printable answer",
  async (path) => {
    const server = await served({});
    const session = await connected(server);
    const answer = await rawAnswer(rawCall(session, path).end(getTaskFrame));
    expect(grpcStatus(answer)).toBe("12");
    expect(String(answer.headers["grpc-message"])).toMatch(/^[\x20-\x7e]{1,300}$/);
  },
);

test("streams beyond a connection's limit are refused, however fast they are opened", async () => {
  const server = await served(
    { getTask: () => new Promise(() => undefined) },
    { streamsPerConnectionMax: 10 },
  );
  const session = await connected(server);
  // Before the server's settings arrive, so nothing at this end holds them back.
  const answers = Array.from({ length: 15 }, () => rawCall(session, getTaskPath).end(getTaskFrame));
  const refused = await Promise.all(answers.slice(10).map(rawAnswer));
  for (const answer of refused) {
    const wasHeldBack = answer.resetCode === 7; // REFUSED_STREAM: the settings had come after all
    if (!wasHeldBack) expect(grpcStatus(answer)).toBe("8");
  }
});

test("a message beyond the limit is refused as soon as its length is known", async () => {
  const server = await served({});
  const stream = rawCall(await connected(server), getTaskPath);
  stream.write(Buffer.of(0, 0xff, 0xff, 0xff, 0xff));
  expect(grpcStatus(await rawAnswer(stream))).toBe("8");
});

test("streams end with DRAINING when the server closes", async () => {
  const { client, closing } = await served({
    async *awaitTasks() {
      yield updateOf("t1");
      await new Promise(() => undefined);
    },
  });
  const read = async () => {
    for await (const _update of client.awaitTasks(one)) closing.abort();
  };
  const error = ConnectError.from(await read().catch((reason: unknown) => reason));
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "DRAINING" }]);
});
