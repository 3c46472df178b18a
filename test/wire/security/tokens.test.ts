import { create } from "@bufbuild/protobuf";
import { Code, type ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { Health, HealthCheckResponse_ServingStatus as Serving } from "@stem/proto/grpc/health/v1/health_pb";
import { ServerReflection } from "@stem/proto/grpc/reflection/v1/reflection_pb";
import { LimitService } from "@stem/proto/stem/v1/limit_service_pb";
import { QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import { TaskAdminService } from "@stem/proto/stem/v1/task_admin_service_pb";
import { AwaitTasksRequestSchema, TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adasToken, bobsToken, type SecureStem, startSecureStem } from "../../support/secure-stem.ts";
import { failure, wordOf } from "../../support/wire-transports.ts";

/** Every way in: TLS carries both stacks on HTTP/2, and the second on HTTP/1.1, too. */
const ways: readonly (readonly [string, (to: Reach) => Transport])[] = [
  ["gRPC", (to) => createGrpcTransport(to)],
  ["Connect with JSON, HTTP/1.1", (to) => createConnectTransport({ ...to, ...json, httpVersion: "1.1" })],
  ["Connect with JSON, HTTP/2", (to) => createConnectTransport({ ...to, ...json, httpVersion: "2" })],
  ["Connect, binary, HTTP/2", (to) => createConnectTransport({ ...to, httpVersion: "2" })],
  ["gRPC-Web, HTTP/1.1", (to) => createGrpcWebTransport({ ...to, httpVersion: "1.1" })],
  ["gRPC-Web, HTTP/2", (to) => createGrpcWebTransport({ ...to, httpVersion: "2" })],
];
const json = { useBinaryFormat: false } as const;

type Reach = {
  readonly baseUrl: string;
  readonly interceptors: Interceptor[];
  readonly nodeOptions: { readonly ca: string };
};

const closers: (() => Promise<void>)[] = [];
let secure: SecureStem;
beforeAll(async () => {
  secure = await startSecureStem(undefined, (close) => void closers.push(close));
});
afterAll(async () => {
  for (const close of closers) await close();
});

/** A way in that shows this authorization, or none. */
function reach(open: (to: Reach) => Transport, authorization?: string): Transport {
  const show: Interceptor = (next) => (request) => {
    if (authorization !== undefined) request.header.set("authorization", authorization);
    return next(request);
  };
  const ca = secure.certificates.authority.cert;
  return open({ baseUrl: secure.url, interceptors: [show], nodeOptions: { ca } });
}

const reasonOf = (error: ConnectError): string | undefined => error.findDetails(ErrorInfoSchema)[0]?.reason;

async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

test.each(ways)("%s: who has a token calls, who has none learns nothing", async (way, open) => {
  const id = `task-${wordOf(way)}${way.endsWith("2") ? 2 : ""}`;
  const ada = createClient(TaskService, reach(open, `Bearer ${adasToken}`));
  expect((await ada.enqueueTask({ id, name: "n" })).taskId).toBe(id);
  expect((await ada.getTask({ taskId: id })).task?.id).toBe(id);
  for (const [authorization, reason] of [
    [undefined, "TOKEN_MISSING"],
    [`Bearer ${bobsToken}x`, "TOKEN_INVALID"],
    [adasToken, "TOKEN_INVALID"],
  ] as const) {
    const nobody = createClient(TaskService, reach(open, authorization));
    // The same, whether the task is there or not, whether the request is right or not, whether it streams or not.
    const errors = await Promise.all([
      failure(nobody.getTask({ taskId: id })),
      failure(nobody.getTask({ taskId: "no-such-task" })),
      failure(nobody.enqueueTask({ name: "" })),
      failure(drained(nobody.awaitTasks(create(AwaitTasksRequestSchema, { tasks: [{ taskId: id }] })))),
    ]);
    expect(errors.map(({ code }) => code)).toEqual(errors.map(() => Code.Unauthenticated));
    expect(errors.map(reasonOf)).toEqual(errors.map(() => reason));
    expect(new Set(errors.map(({ rawMessage }) => rawMessage)).size).toBe(1);
    expect(errors.some(({ message }) => message.includes(adasToken))).toBe(false);
  }
});

test.each(ways)("%s: whoever probes the server's health needs no token", async (_, open) => {
  expect(await createClient(Health, reach(open)).check({})).toMatchObject({ status: Serving.SERVING });
});

test("reflection and the worker's stream need a token as every other method does", async () => {
  const [, grpc] = ways[0] ?? [];
  if (!grpc) throw new Error("no gRPC");
  const ask = async function* () {
    yield { messageRequest: { case: "listServices" as const, value: "" } };
  };
  const reflection = createClient(ServerReflection, reach(grpc));
  expect(reasonOf(await failure(drained(reflection.serverReflectionInfo(ask()))))).toBe("TOKEN_MISSING");
  const worker = createClient(WorkerService, reach(grpc));
  const greet = async function* () {
    yield { frameSeq: 1n };
  };
  expect(reasonOf(await failure(drained(worker.connect(greet()))))).toBe("TOKEN_MISSING");
  const known = createClient(ServerReflection, reach(grpc, `bearer  ${adasToken}`));
  await drained(known.serverReflectionInfo(ask()));
});

test.each(ways)("%s: who asks for something is who the token says", async (way, open) => {
  const transport = reach(open, `Bearer ${bobsToken}`);
  const queue = `paused-${wordOf(way)}`;
  await createClient(TaskService, transport).enqueueTask({
    name: "n",
    queue,
    id: `c-${queue}-${way.at(-1)}`,
  });
  const { queue: paused } = await createClient(QueueService, transport).pauseQueue({
    queue,
    requester: "eve",
  });
  expect(paused?.pause?.pausedBy).toBe("eve via bob");
  const { limit } = await createClient(LimitService, transport).pauseTasks({
    subject: { subject: { case: "taskName", value: queue } },
  });
  expect(limit?.pause?.pausedBy).toBe("bob");
  const { task } = await cancelled(transport, `c-${queue}-${way.at(-1)}`);
  expect(task?.cancel?.requester).toBe("bob");
});

async function cancelled(transport: Transport, taskId: string) {
  await createClient(TaskAdminService, transport).cancelTask({ taskId });
  return createClient(TaskService, transport).getTask({ taskId });
}

test("no token is ever logged", () => {
  const said = JSON.stringify(secure.log.lines);
  expect(said).toContain("a caller was turned away");
  expect(said).not.toContain(adasToken);
  expect(said).not.toContain(bobsToken);
});
