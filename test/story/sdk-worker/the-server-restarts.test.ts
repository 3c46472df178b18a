import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect, defineTask } from "@stem/sdk";
import { startServer } from "@stem/server";
import { createWorker, implement } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { createRecordingLog } from "../../support/recording-log.ts";
import { until } from "../../support/until.ts";
import { configOf } from "../../support/whole-stem.ts";

const work = defineTask<[n: number], string>({ name: "work" });

/** A server on disk that can be stopped and started again on its port, with a client and a worker that stay. */
async function stay() {
  const folder = mkdtempSync(path.join(tmpdir(), "stem-restart-"));
  const log = createRecordingLog();
  const start = (port: number) =>
    startServer(configOf({ store: { url: `sqlite:${path.join(folder, "stem.db")}` }, listen: { port } }), {
      log,
    });
  let server = await start(0);
  const { port } = server.address;
  const stem = connect({ url: server.url, log, publishRetry: { baseDelayMs: 50, maxDelayMs: 200 } });
  const gate = Promise.withResolvers<void>();
  const attempts: string[] = [];
  const worker = createWorker({
    url: server.url,
    log,
    graceMs: 0,
    tasks: [
      implement(work, async (ctx, n) => {
        attempts.push(`${n} attempt ${ctx.attempt} delivery ${ctx.delivery}`);
        await gate.promise;
        ctx.signal.throwIfAborted();
        return `done ${n}`;
      }),
    ],
  });
  onTestFinished(async () => {
    gate.resolve();
    await worker.stop();
    await stem.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await worker.start();
  return {
    stem,
    attempts,
    openGate: () => gate.resolve(),
    stop: () => server.close(),
    async startAgain() {
      server = await start(port);
    },
  };
}

test("a worker goes on with what it holds, and its producer gets the result, as if nothing had been", async () => {
  const { stem, attempts, openGate, stop, startAgain } = await stay();
  const handle = await stem.enqueue(work, [1]);
  const waiting = handle.result({ timeoutMs: 50_000 });
  await until(() => attempts.length === 1, { deadlineMs: 50_000, what: "the handler", everyMs: 5 });
  await stop();
  // It ends while nobody is there to hear of it.
  openGate();
  await startAgain();
  expect(await waiting).toBe("done 1");
  expect(attempts).toEqual(["1 attempt 1 delivery 1"]);
  expect(await handle.status()).toMatchObject({ state: "succeeded", attempt: 1, deliveries: 1 });
});

test("an enqueue that finds nobody there is repeated until somebody is, and is stored once", async () => {
  const { stem, openGate, stop, startAgain } = await stay();
  openGate();
  await stop();
  const enqueued = stem.enqueueMany([work.call([1], { id: "one" }), work.call([2], { id: "two" })]);
  await startAgain();
  const handles = await enqueued;
  expect(handles.map(({ id, deduplicated }) => `${id} ${deduplicated}`)).toEqual(["one false", "two false"]);
  const results = await Promise.all(handles.map((handle) => handle.result({ timeoutMs: 50_000 })));
  expect(results).toEqual(["done 1", "done 2"]);
});
