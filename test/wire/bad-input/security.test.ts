/** The rows about TLS and tokens, on a server that has both. */

import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect as tlsConnect } from "node:tls";
import { promisify } from "node:util";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { Code as GrpcCode } from "@stem/proto/google/rpc/code_pb";
import { QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import { connect, defineTask } from "@stem/sdk";
import { createWorker, implement } from "@stem/worker";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { listQueues } from "../../support/grpc-js-call.ts";
import { adasToken, bobsToken, type SecureStem, startSecureStem } from "../../support/secure-stem.ts";
import { until } from "../../support/until.ts";
import { refusalOf, refused } from "./refusal.ts";

const run = promisify(execFile);

const closers: (() => Promise<void>)[] = [];
const atEnd = (close: () => Promise<void>): void => void closers.push(close);
let secure: SecureStem;
beforeAll(async () => {
  secure = await startSecureStem(
    ({ authority }) => ({ tls: { clientCa: authority.certFile, clientAuth: "request" } }),
    atEnd,
  );
});
afterEach(async () => {
  for (const stack of stacks) await queuesBy(stack, `Bearer ${adasToken}`).listQueues({});
  expect(secure.log.lines.filter(({ level }) => level === "error")).toEqual([]);
});
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});

/** The two stacks, behind TLS. */
const stacks = [createGrpcTransport, createConnectTransport] as const;

function queuesBy(stack: (typeof stacks)[number], authorization: string) {
  const transport = stack({
    ...{ baseUrl: secure.url, httpVersion: "1.1", nodeOptions: { ca: secure.certificates.authority.cert } },
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", authorization);
        return next(request);
      },
    ],
  });
  return createClient(QueueService, transport);
}

/** What each stack answers to an authorization. */
const refusalsOf = (authorization: string) =>
  Promise.all(stacks.map((stack) => refusalOf(queuesBy(stack, authorization).listQueues({}))));

const turnedAway = refused(Code.Unauthenticated, "TOKEN_INVALID");

test("D005 a handshake of TLS 1.0 or 1.1 is answered with an alert", async () => {
  const ca = secure.certificates.authority.cert;
  const port = Number(new URL(secure.url).port);
  for (const version of ["TLSv1", "TLSv1.1"] as const) {
    const old = { minVersion: version, maxVersion: version, ciphers: "DEFAULT:@SECLEVEL=0" };
    const socket = tlsConnect({ port, host: "127.0.0.1", ca, ...old });
    const [error] = (await once(socket, "error")) as [Error & { code: string }];
    expect(error.code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
  }
});

test("D052 an authorization that is not one bearer token is UNAUTHENTICATED", async () => {
  for (const authorization of [
    "Bearer",
    "Bearer ",
    "Basic YWRhOnNlY3JldA==",
    adasToken,
    `Bearer ${adasToken} ${adasToken}`,
    `Bearer ${adasToken},${adasToken}`,
    `Bearer ${"A".repeat(9 * 1024)}`,
    `Bearer ${adasToken.slice(1)}`,
  ])
    for (const refusal of await refusalsOf(authorization)) expect(refusal).toMatchObject(turnedAway);
});

test.each(["--http1.1", "--http2"])(
  "two authorizations are none, whichever comes first, %s",
  async (version) => {
    const path = `${secure.url}/stem.v1.QueueService/ListQueues`;
    const both = ["-H", `authorization: Bearer ${adasToken}`, "-H", `authorization: Bearer ${bobsToken}`];
    const head = ["-sS", version, "--cacert", secure.certificates.authority.certFile, ...both];
    const json = await run("curl", [...head, "-H", "content-type: application/json", "-d", "{}", path]);
    expect(json.stdout).toContain("TOKEN_INVALID");
  },
);

test.each([true, false])("two authorizations are none in gRPC either; with TLS: %s", async (isEncrypted) => {
  const { url, certificates } = isEncrypted
    ? secure
    : await startSecureStem(() => ({ tls: { cert: "", key: "" } }));
  const both = ["-H", `authorization: Bearer ${adasToken}`, "-H", `authorization: Bearer ${bobsToken}`];
  const how = isEncrypted
    ? ["--http2", "--cacert", certificates.authority.certFile]
    : ["--http2-prior-knowledge"];
  const grpc = ["-H", "content-type: application/grpc", "-H", "te: trailers", "-X", "POST", "-D", "-"];
  const path = `${url}/stem.v1.QueueService/ListQueues`;
  expect((await run("curl", ["-sS", ...how, ...both, ...grpc, path])).stdout).toMatch(/grpc-status: 16/);
  // One of them alone gets as far as the request, which was not sent.
  const one = await run("curl", ["-sS", ...how, ...both.slice(2), ...grpc, path]);
  expect(one.stdout).toMatch(/grpc-status: 12/);
});

test("D053 a token that brings its own key or algorithm is a text that nobody knows", async () => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = part({ sub: "ada", name: "ada", exp: 4_102_444_800 });
  for (const header of [
    { alg: "none" },
    { alg: "HS256", typ: "JWT" },
    { alg: "RS256", kid: "../../etc/passwd" },
    { alg: "RS256", jku: "https://127.0.0.1:1/keys" },
    { alg: "RS256", x5u: "https://127.0.0.1:1/key" },
    { alg: "ES256", jwk: { kty: "EC", crv: "P-256", x: "AA", y: "AA" } },
  ])
    for (const refusal of await refusalsOf(`Bearer ${part(header)}.${claims}.${part({})}`))
      expect(refusal).toMatchObject(turnedAway);
});

const hold = defineTask<[], string>({ name: "hold" });

/** A worker in the middle of a task, with this token; then the token goes, and `bobsToken` takes its place. */
async function loseToken(queue: string, secrets: { current: string }, lose: () => void): Promise<void> {
  const release = Promise.withResolvers<string>();
  const ca = secure.certificates.authority.cert;
  const worker = createWorker({
    ...{ url: secure.url, tls: { ca }, token: () => secrets.current, log: secure.log, graceMs: 0 },
    ...{ queues: [queue], tasks: [implement(hold, () => release.promise)] },
  });
  onTestFinished(() => worker.stop());
  await worker.start();
  const stem = connect({ url: secure.url, tls: { ca }, token: bobsToken });
  onTestFinished(() => stem.close());
  const task = await stem.enqueue(hold, [], { queue });
  await until(async () => (await task.status()).state === "leased", { deadlineMs: 50_000, what: "it runs" });

  lose();
  const lost = () => secure.log.lines.find(({ text }) => text === "the connection is lost; trying again");
  const line = await until(lost, { deadlineMs: 50_000, what: "the stream ends" });
  expect(line.facts).toMatchObject({ reason: "TOKEN_INVALID" });
  secrets.current = bobsToken;
  release.resolve("done");
  expect(await task.result({ timeoutMs: 50_000 })).toBe("done");
  expect(await task.status()).toMatchObject({ deliveries: 1, attempt: 1 });
}

test("D055 a stream ends when its token expires, and its worker comes back for its lease with another", async () => {
  secure = await startSecureStem(undefined, atEnd);
  const soon = new Date(performance.timeOrigin + performance.now() + 2000).toISOString();
  const passing = "a-token-that-is-good-for-two-seconds-only";
  const others = [`ada ${adasToken}`, `bob ${bobsToken}`];
  secure.tokens.write(...others, `eve ${passing} expires=${soon.slice(0, 19)}Z`);
  await until(async () => (await listQueues(secure, undefined, passing)) === GrpcCode.OK, {
    ...{ deadlineMs: 50_000, what: "the new token", everyMs: 10 },
  });
  await loseToken("d055", { current: passing }, () => undefined);
});

test("D056 a stream ends when its token is withdrawn, and its worker comes back for its lease with another", async () => {
  secure = await startSecureStem(undefined, atEnd);
  const withdrawn = "a-token-that-will-be-withdrawn-soon-enough";
  secure.tokens.write(`ada ${adasToken}`, `bob ${bobsToken}`, `eve ${withdrawn}`);
  await until(async () => (await listQueues(secure, undefined, withdrawn)) === GrpcCode.OK, {
    ...{ deadlineMs: 50_000, what: "the new token", everyMs: 10 },
  });
  await loseToken("d056", { current: withdrawn }, () =>
    secure.tokens.write(`ada ${adasToken}`, `bob ${bobsToken}`),
  );
});

test("D058 a client certificate that is missing or wrong ends the handshake, and the log says why", async () => {
  const strict = await startSecureStem(
    ({ authority }) => ({ tls: { clientCa: authority.certFile }, tokens: { file: "" } }),
    atEnd,
  );
  const { authority, otherAuthority, selfSigned } = strict.certificates;
  const causes = (): unknown[] =>
    strict.log.lines
      .filter(({ level, text }) => level === "warn" && text === "a TLS handshake failed")
      .map(({ facts }) => (facts as { cause: unknown }).cause);
  for (const [shown, cause] of [
    [undefined, /PEER_DID_NOT_RETURN_A_CERTIFICATE/],
    [authority.issue({ file: "expired", days: -1 }), /CERT_HAS_EXPIRED/],
    [otherAuthority("foreign").issue({ file: "stranger" }), /UNABLE_TO_VERIFY_LEAF_SIGNATURE/],
    [selfSigned("alone"), /DEPTH_ZERO_SELF_SIGNED_CERT/],
    [authority.issue({ file: "nameless", commonName: "ä" }), /no name that can be used/],
  ] as const) {
    const before = causes().length;
    expect(await listQueues(strict, shown)).toBe(GrpcCode.UNAVAILABLE);
    expect(causes()[before]).toMatch(cause);
  }
  expect(await listQueues(strict, authority.issue({ file: "good" }))).toBe(GrpcCode.OK);
});
