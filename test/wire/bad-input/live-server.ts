/**
 * A live server for the rows of the bad-input catalogue: on a real port, and after every test asked for something good. Whatever came
 * in, it still serves, has logged no fault of its own, and over all of a file's tests its event loop was there when it was needed. An
 * error that nobody caught fails the run, because the server lives in the test's own process.
 */

import { once } from "node:events";
import type { ClientHttp2Session, ClientSessionOptions, OutgoingHttpHeaders } from "node:http2";
import { connect, type Socket } from "node:net";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { watchLoop } from "../../support/loop-holds.ts";
import { framed, type RawAnswer, rawAnswer, rawCall, rawConnect } from "../../support/raw-http2.ts";
import { startWireServer, type WireServer, type WireWish } from "../../support/wire-server.ts";

/** What a row's test works with. */
export type LiveServer = {
  readonly wire: WireServer;
  readonly tasks: Client<typeof TaskService>;
  readonly workers: Client<typeof WorkerService>;
  /** An HTTP/2 connection that lasts until the test ends. */
  session(options?: ClientSessionOptions): Promise<ClientHttp2Session>;
  /** A connection without a protocol that lasts until the test ends. */
  dial(): Promise<Socket>;
  /** One gRPC call on a connection of its own: these bytes as its body. */
  call(
    path: string,
    body: Uint8Array,
    headers?: Readonly<Record<string, string | undefined>>,
  ): Promise<RawAnswer>;
};

/** The methods that tests call by hand. */
export const paths = {
  enqueueTask: "/stem.v1.TaskService/EnqueueTask",
  enqueueTasks: "/stem.v1.TaskService/EnqueueTasks",
  getTask: "/stem.v1.TaskService/GetTask",
  listTasks: "/stem.v1.TaskService/ListTasks",
  awaitTasks: "/stem.v1.TaskService/AwaitTasks",
  connect: "/stem.v1.WorkerService/Connect",
  leaseTasks: "/stem.v1.WorkerService/LeaseTasks",
  settleTasks: "/stem.v1.WorkerService/SettleTasks",
  extendLeases: "/stem.v1.WorkerService/ExtendLeases",
  check: "/grpc.health.v1.Health/Check",
} as const;

/** A health check: the good call that needs no field. */
export const emptyFrame = framed(new Uint8Array());

/** 200 ms are the server's, and as much again its clients', who run in the same process. */
const holdMsMax = 400;

/** Starts a server before a file's tests, looks after it between them, and stops it at the end. */
export function liveServer(wish: WireWish | (() => WireWish) = {}): LiveServer {
  let wire: WireServer | undefined;
  let goods = 0;
  const open: { destroy(): void }[] = [];
  const holds = watchLoop();
  const running = (): WireServer => {
    if (!wire) throw new Error("the server runs only while tests do");
    return wire;
  };
  const transport = () => createGrpcTransport({ baseUrl: running().url });
  const live: LiveServer = {
    get wire() {
      return running();
    },
    get tasks() {
      return createClient(TaskService, transport());
    },
    get workers() {
      return createClient(WorkerService, transport());
    },
    async session(options) {
      const session = await rawConnect(running().url, options);
      open.push(session);
      return session;
    },
    async dial() {
      const socket = connect(running().port, running().host);
      open.push(socket);
      socket.on("error", () => socket.destroy());
      await once(socket, "connect");
      return socket;
    },
    async call(path, body, headers) {
      // Else Node's client resets its own call when much of it is still unsent.
      const stream = rawCall(await live.session({ maxSessionMemory: 100 }), path, headers);
      const answer = rawAnswer(stream);
      stream.end(body);
      return answer;
    },
  };

  /** A task goes its whole way. */
  async function serves(): Promise<void> {
    const id = `good-${++goods}`;
    const { tasks, workers } = live;
    await tasks.enqueueTask({ id, name: "good", queue: "good" });
    const { grants } = await workers.leaseTasks({ queues: ["good"] });
    expect(grants.map(({ taskId }) => taskId)).toEqual([id]);
    const leaseToken = grants[0]?.leaseToken ?? new Uint8Array();
    await workers.settleTasks({ settlements: [{ leaseToken, outcome: { case: "succeeded", value: {} } }] });
    expect((await tasks.getTask({ taskId: id })).task?.state).toBe(TaskState.SUCCEEDED);
  }

  beforeAll(async () => {
    wire = await startWireServer(typeof wish === "function" ? wish() : wish);
    await serves();
    holds.start();
  });
  afterEach(async () => {
    for (const each of open.splice(0)) each.destroy();
    await serves();
    expect(running().log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });
  afterAll(async () => {
    holds.stop();
    await wire?.close();
    expect(holds.percentile99(), "how long the event loop is held, 99th percentile").toBeLessThan(holdMsMax);
  });
  return live;
}

/** Runs `work`; answers by how much the process grew meanwhile at most, in bytes, and how long its event loop was held, in ms. */
export async function costOf(work: () => Promise<unknown>): Promise<{ bytes: number; pauseMs: number }> {
  const holds = watchLoop();
  const before = process.memoryUsage().rss;
  let peak = before;
  const look = (): void => {
    peak = Math.max(peak, process.memoryUsage().rss);
  };
  const watch = setInterval(look, 10);
  holds.start();
  try {
    await work();
  } finally {
    look();
    clearInterval(watch);
    holds.stop();
  }
  return { bytes: peak - before, pauseMs: holds.max() };
}

/** Headers as Node's client takes them, for calls that are not even gRPC. */
export const getRoot: OutgoingHttpHeaders = { ":method": "GET", ":path": "/" };
