/** HTTP/2 behind TLS, for whoever does not speak gRPC: the bounds that HTTP/1.1 has hold there, too. */

import { once } from "node:events";
import type { ClientHttp2Session, OutgoingHttpHeaders, SecureClientSessionOptions } from "node:http2";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { ConnectRequestSchema, WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { expect, onTestFinished, test } from "vitest";
import { ended, rawAnswer, rawCall, rawConnect } from "../../support/raw-http2.ts";
import { adasToken, type SecureStem, startSecureStem } from "../../support/secure-stem.ts";
import { failure } from "../../support/wire-transports.ts";

const path = "/stem.v1.TaskService/EnqueueTask";
const authorization = `Bearer ${adasToken}`;
const post: OutgoingHttpHeaders = {
  ":method": "POST",
  ":path": path,
  "content-type": "application/json",
  authorization,
};
const greeting = { protocolMin: 1, protocolMax: 1, worker: "w", queues: [{ name: "default" }], slots: 1 };
const [refusedStream, cancel, enhanceYourCalm] = [7, 8, 11];

async function sessionTo(
  { url, certificates }: SecureStem,
  more: SecureClientSessionOptions = {},
): Promise<ClientHttp2Session> {
  const session = await rawConnect(url, { ca: certificates.authority.cert, ...more });
  onTestFinished(() => session.destroy());
  return session;
}

/** A call, with all of its body at once. */
function call(session: ClientHttp2Session, body: string, headers: OutgoingHttpHeaders = {}) {
  const stream = session.request({ ...post, ...headers });
  stream.on("error", () => stream.destroy());
  const answer = rawAnswer(stream);
  stream.end(body);
  return answer;
}

test("gRPC, Connect, gRPC-Web and pages share one connection", async () => {
  const session = await sessionTo(await startSecureStem());
  const enqueue = call(session, '{"id":"a","name":"n"}');
  const page = rawAnswer(session.request({ ":path": "/readyz" }));
  const missing = rawAnswer(session.request({ ":path": "/nothing" }));
  const grpc = rawCall(session, "/grpc.health.v1.Health/Check");
  const health = rawAnswer(grpc);
  grpc.end(Buffer.alloc(5));
  expect((await enqueue).body.toString()).toBe('{"taskId":"a"}');
  expect((await page).body.toString()).toBe("ready\n");
  expect((await missing).headers[":status"]).toBe(404);
  expect((await health).trailers["grpc-status"]).toBe("0");
  const web = await call(session, "", { "content-type": "application/grpc-web+json", "grpc-timeout": "1X" });
  expect(web.headers["content-type"]).toBe("application/grpc-web+json");
});

test("what is too large is refused, in its headers and in its body", async () => {
  const session = await sessionTo(await startSecureStem());
  const large = await call(session, "{}", { "x-large": "x".repeat(17 * 1024) });
  expect(large.headers[":status"]).toBe(431);
  const body = await call(session, `{"id":"a","name":"${"x".repeat(5 * 1024 * 1024)}"}`);
  expect(body.body.toString()).toContain("resource_exhausted");
  const odd = await call(session, "{}", { "x-odd": "\u0080" });
  expect(odd.resetCode).not.toBe(0);
  expect((await call(session, '{"id":"b","name":"n"}')).headers[":status"]).toBe(200);
});

test("a body that does not come is waited for no longer than a call may take", async () => {
  const session = await sessionTo(await startSecureStem(() => ({ limits: { unaryMsMax: 200 } })));
  const stream = session.request(post);
  stream.on("error", () => stream.destroy());
  stream.write('{"id":');
  await ended(stream);
  expect([cancel, 0]).toContain(stream.rstCode);
});

test("an answer that nobody reads is cut off", async () => {
  const secure = await startSecureStem(() => ({ limits: { streamStalledMsMax: 300 } }));
  const loading = await sessionTo(secure);
  const args = JSON.stringify("x".repeat(200_000));
  await call(loading, JSON.stringify({ id: "big", name: "n", args: { json: `[${args}]` } }));
  const session = await sessionTo(secure, { settings: { initialWindowSize: 0 } });
  const stream = session.request({ ...post, ":path": "/stem.v1.TaskService/GetTask" });
  stream.on("error", () => stream.destroy());
  stream.end('{"taskId":"big"}');
  await ended(stream);
  expect(stream.rstCode).toBe(enhanceYourCalm);
});

test("of too many streams at once the last are refused", async () => {
  const secure = await startSecureStem(() => ({ limits: { streamsPerConnectionMax: 5 } }));
  const session = await sessionTo(secure, { peerMaxConcurrentStreams: 100 });
  const streams = Array.from({ length: 8 }, () => session.request(post));
  for (const stream of streams) stream.on("error", () => stream.destroy());
  const refused = await Promise.all(streams.slice(5).map(rawAnswer));
  expect(refused.map(({ resetCode }) => resetCode)).toEqual([refusedStream, refusedStream, refusedStream]);
});

test("workers that greet too fast are put off behind TLS as before it, and strangers take no place", async () => {
  const limits = { workerHandshakesPerSecondMax: 1 };
  const { url, certificates } = await startSecureStem(() => ({ limits }));
  /** Three workers that greet at once, on one connection; answers why each was not welcome. */
  const greetings = async (token: string): Promise<string[]> => {
    const transport = createGrpcTransport({
      ...{ baseUrl: url, nodeOptions: { ca: certificates.authority.cert } },
      interceptors: [
        (next) => (request) => {
          request.header.set("authorization", `Bearer ${token}`);
          return next(request);
        },
      ],
    });
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const hello = create(ConnectRequestSchema, { frameSeq: 1n, frame: { case: "hello", value: greeting } });
    const frames = async function* () {
      yield hello;
      await once(abort.signal, "abort");
    };
    const workers = createClient(WorkerService, transport);
    const greet = () =>
      workers
        .connect(frames(), { signal: abort.signal })
        [Symbol.asyncIterator]()
        .next()
        .then(
          ({ value }) => value?.frame.case ?? "the end",
          (error: unknown) => ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason ?? "?",
        );
    const outcomes = await Promise.all([greet(), greet(), greet()]);
    return outcomes.sort();
  };
  expect(await greetings(`${adasToken}x`)).toEqual(["TOKEN_INVALID", "TOKEN_INVALID", "TOKEN_INVALID"]);
  expect(await greetings(adasToken)).toEqual(["RATE_LIMIT_REACHED", "RATE_LIMIT_REACHED", "welcome"]);
});

test("a server that closes lets calls end, and then no connection is left", async () => {
  const secure = await startSecureStem();
  const tls = { nodeOptions: { ca: secure.certificates.authority.cert } };
  const bearing = createGrpcTransport({
    ...{ baseUrl: secure.url, ...tls },
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", authorization);
        return next(request);
      },
    ],
  });
  const tasks = createClient(TaskService, bearing);
  await tasks.enqueueTask({ id: "waiting", name: "n" });
  const began = Promise.withResolvers<void>();
  const waited = failure(
    (async () => {
      for await (const _ of tasks.awaitTasks({ tasks: [{ taskId: "waiting" }] })) began.resolve();
    })(),
  );
  await began.promise;
  const session = await sessionTo(secure);
  await call(session, '{"id":"b","name":"n"}');
  await secure.server.close();
  expect((await waited).code).toBe(Code.Unavailable);
  if (!session.closed) await once(session, "close");
});
