import { once } from "node:events";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, type ConnectError, createClient, ConnectError as WireError } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import {
  ConnectRequestSchema,
  type ConnectResponse,
  WorkerService,
} from "@stem/proto/stem/v1/worker_service_pb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { framed, rawCall, rawConnect } from "../../support/raw-http2.ts";
import { until } from "../../support/until.ts";
import { startWireServer, type WireServer } from "../../support/wire-server.ts";
import { creditOf, heartbeatOf, helloWith, settleOf } from "./scripted-stream.ts";

type Frame = MessageInitShape<typeof ConnectRequestSchema>["frame"];

let server: WireServer;
beforeEach(async () => {
  server = await startWireServer({
    limits: { workerStreamsMax: 3, streamStalledMsMax: 500 },
    defaults: { heartbeatMs: 1000 },
  });
});
afterEach(() => server.close());

const patience = { deadlineMs: 50_000, everyMs: 20 };

/** A worker's stream through a generated client, over a connection of its own. */
function connect() {
  const transport = createGrpcTransport({ baseUrl: server.url });
  const gone = new AbortController();
  const outgoing: Uint8Array[] = [];
  let wake = Promise.withResolvers<void>();
  let hasEnded = false;
  let frameSeq = 0n;
  async function* requests() {
    for (;;) {
      for (let next = outgoing.shift(); next; next = outgoing.shift())
        yield fromBinary(ConnectRequestSchema, next);
      if (hasEnded) return;
      await wake.promise;
    }
  }
  const ring = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  const responses = createClient(WorkerService, transport)
    .connect(requests(), { signal: gone.signal })
    [Symbol.asyncIterator]();
  return {
    send(frame: Frame): void {
      frameSeq += 1n;
      outgoing.push(
        toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { frameSeq, frame: frame as never })),
      );
      ring();
    },
    endSending(): void {
      hasEnded = true;
      ring();
    },
    async take(): Promise<ConnectResponse["frame"]> {
      const { done, value } = await responses.next();
      if (done) throw new Error("the stream ended");
      return value.frame;
    },
    async ending(): Promise<ConnectError | undefined> {
      try {
        while (!(await responses.next()).done);
        return undefined;
      } catch (error) {
        return WireError.from(error);
      }
    },
    lose: () => gone.abort(),
  };
}

const tasks = () => createClient(TaskService, createGrpcTransport({ baseUrl: server.url }));
const enqueue = async (count: number, bytes = 10): Promise<void> => {
  const value = new Uint8Array(bytes);
  for (let at = 0; at < count; at += 100)
    await tasks().enqueueTasks({
      tasks: Array.from({ length: Math.min(100, count - at) }, (_, place) => ({
        id: `t-${at + place}`,
        name: "n",
        args: { data: { case: "binary" as const, value } },
      })),
    });
};
const countIn = async (state: TaskState): Promise<number> =>
  (await tasks().listTasks({ states: [state], pageSize: 1000 })).tasks.length;

test("a worker leases and settles a thousand tasks", async () => {
  await enqueue(1000);
  const stream = connect();
  stream.send(helloWith());
  expect((await stream.take()).case).toBe("welcome");
  stream.send(creditOf(100));
  const seen = new Set<string>();
  let unanswered = 0;
  while (seen.size < 1000 || unanswered > 0) {
    const frame = await stream.take();
    if (frame.case === "settled") {
      expect(frame.value.exceptions).toEqual([]);
      unanswered -= 1;
    }
    if (frame.case !== "grants") continue;
    for (const { taskId } of frame.value.grants) seen.add(taskId);
    stream.send(settleOf(...frame.value.grants.map(({ leaseToken }) => leaseToken)));
    stream.send(creditOf(100, seen.size));
    unanswered += 1;
  }
  stream.send({ case: "goodbye", value: {} });
  stream.endSending();
  expect(await stream.ending()).toBeUndefined();
  expect(await countIn(TaskState.SUCCEEDED)).toBe(1000);
});

test("a worker whose connection breaks goes on with its leases on another", async () => {
  await enqueue(2);
  const before = connect();
  before.send(helloWith());
  const welcome = await before.take();
  if (welcome.case !== "welcome") throw new Error("not welcome");
  before.send(creditOf(2));
  const heldLeases: Uint8Array[] = [];
  while (heldLeases.length < 2) {
    const frame = await before.take();
    if (frame.case === "grants") heldLeases.push(...frame.value.grants.map(({ leaseToken }) => leaseToken));
  }
  before.lose();
  const after = connect();
  after.send(helloWith({ sessionId: welcome.value.sessionId, heldLeases, seenSeq: 2n }));
  const again = await after.take();
  if (again.case !== "welcome") throw new Error("not welcome");
  expect(again.value.leases.map(({ held }) => held)).toEqual([true, true]);
  after.send(heartbeatOf(2));
  expect((await after.take()).case).toBe("extended");
  after.send(settleOf(...heldLeases));
  expect(await after.take()).toMatchObject({ case: "settled", value: { exceptions: [] } });
  expect(await countIn(TaskState.SUCCEEDED)).toBe(2);
});

test("a broken connection frees its place among the streams", async () => {
  const streams = [connect(), connect(), connect()];
  for (const stream of streams) {
    stream.send(helloWith());
    await stream.take();
  }
  for (const stream of streams) stream.lose();
  await until(
    async () => {
      const stream = connect();
      stream.send(helloWith());
      const welcomed = await stream.take().catch(() => undefined);
      return welcomed?.case === "welcome";
    },
    { ...patience, what: "a free place" },
  );
});

test("a worker that stops reading holds little, is cut off, and the others get the work", async () => {
  await enqueue(400, 20_000);
  const session = await rawConnect(server.url);
  const raw = rawCall(session, "/stem.v1.WorkerService/Connect");
  const frame = (frameSeq: bigint, said: Frame): void => {
    raw.write(
      framed(
        toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { frameSeq, frame: said as never })),
      ),
    );
  };
  // Without a reader, Node's flow control stops the server after its window is full.
  raw.pause();
  frame(1n, helloWith());
  frame(2n, creditOf(400));
  await once(raw, "close").catch(() => undefined);
  expect(raw.rstCode).not.toBe(0);
  session.destroy();
  const held = await countIn(TaskState.LEASED);
  expect(held).toBeGreaterThan(0);
  expect(held, "no more than one claim and a socket's worth").toBeLessThan(400);

  const other = connect();
  other.send(helloWith());
  other.send(creditOf(400));
  let got = 0;
  while (got < 400 - held) {
    const next = await other.take();
    if (next.case === "grants") got += next.value.grants.length;
  }
});

test("a server that drains says so, and ends the stream when it closes", async () => {
  const stream = connect();
  stream.send(helloWith());
  await stream.take();
  server.api.drain();
  expect((await stream.take()).case).toBe("drain");
  stream.send(heartbeatOf(0));
  expect((await stream.take()).case).toBe("extended");
  const ending = stream.ending();
  await server.api.close({ graceMs: 1000 });
  const error = await ending;
  expect(error?.code).toBe(Code.Unavailable);
});
