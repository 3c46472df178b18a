import { connect, defineTask } from "@stem/sdk";
import { createServer } from "@stem/server";
import { createWorker, implement } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { createRecordingLog } from "../support/recording-log.ts";
import { adasToken, bobsToken, makeTokenFile, startSecureStem } from "../support/secure-stem.ts";

const add = defineTask<[a: number, b: number], number>({ name: "add" });
const sum = implement(add, (_ctx, a, b) => a + b);

test("a producer and a worker come with their tokens, over TLS, and the work is done", async () => {
  const { url, certificates, log } = await startSecureStem();
  const tls = { ca: certificates.authority.cert };
  const worker = createWorker({ url, tls, token: bobsToken, log, graceMs: 0, tasks: [sum] });
  const stem = connect({ url, tls, token: () => Promise.resolve(adasToken), log });
  onTestFinished(async () => {
    await worker.stop();
    await stem.close();
  });
  await worker.start();
  const handle = await stem.enqueue(add, [2, 3]);
  expect(await handle.result({ timeoutMs: 50_000 })).toBe(5);
  await stem.tasks.cancel((await stem.enqueue(add, [1, 1], { delayMs: 60_000, id: "later" })).id);
  expect((await stem.handle(add, "later").status()).cancelRequester).toBe("ada");
  expect(JSON.stringify(log.lines)).not.toMatch(new RegExp(`${adasToken}|${bobsToken}|PRIVATE KEY`));
});

test("whoever has no token, a wrong one, or does not know the server is told so at once", async () => {
  const { url, certificates, log } = await startSecureStem();
  const tls = { ca: certificates.authority.cert };
  const work = (reach: object) => {
    const worker = createWorker({ url, log, graceMs: 0, tasks: [sum], ...reach });
    onTestFinished(() => worker.stop());
    return worker.start();
  };
  await expect(work({ tls })).rejects.toMatchObject({ reason: "TOKEN_MISSING", code: "UNAUTHENTICATED" });
  await expect(work({ tls, token: `${adasToken}x` })).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
  const stem = connect({ url, tls, token: `${adasToken}x`, log });
  const stranger = connect({ url, token: adasToken, publishRetry: false });
  onTestFinished(async () => {
    await stem.close();
    await stranger.close();
  });
  await expect(stem.enqueue(add, [1, 2])).rejects.toMatchObject({
    ...{ reason: "TOKEN_INVALID", outcome: "not_accepted" },
    message: expect.not.stringContaining(adasToken),
  });
  // Not even the token is shown to a server whose certificate nobody vouches for.
  await expect(stranger.enqueue(add, [1, 2])).rejects.toThrow("unable to verify");
});

test("a program that holds the server needs no token for itself, whoever comes by the port does", async () => {
  const tokens = makeTokenFile(`ada ${adasToken}`);
  const log = createRecordingLog();
  const server = createServer({
    ...{ store: "memory:", listen: { port: 0 }, tokens: { file: tokens.file }, log },
  });
  await server.start();
  const inside = connect({ dial: server.dial });
  const outside = connect({ url: server.url ?? "" });
  onTestFinished(async () => {
    await inside.close();
    await outside.close();
    await server.close();
    await tokens.remove();
  });
  await inside.enqueue(add, [1, 2]);
  await expect(outside.enqueue(add, [1, 2])).rejects.toMatchObject({ reason: "TOKEN_MISSING" });
});
