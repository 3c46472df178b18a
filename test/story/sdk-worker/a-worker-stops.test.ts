import { ClientClosedError, connect, defineTask } from "@stem/sdk";
import { createWorker, implement } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const work = defineTask<[n: number], string>({ name: "work" });

/** A handler that says when it runs and waits to be let go. */
function gated() {
  const running = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const implementation = implement(work, async (_, n) => {
    running.resolve();
    await gate.promise;
    return `done ${n}`;
  });
  return { implementation, running: running.promise, open: gate.resolve };
}

test("on SIGTERM it finishes what runs and gives back the rest at once, untouched", async () => {
  const { url, stem } = await startStem();
  const { implementation, running, open } = gated();
  const worker = createWorker({ url, tasks: [implementation], concurrency: 1 });
  const run = worker.run();
  const [first, second] = await stem.enqueueMany([work.call([1]), work.call([2])]);
  await running;
  process.emit("SIGTERM");
  open();
  await run;
  expect(await first.result({ timeoutMs: 5000 })).toBe("done 1");
  expect(await second.status()).toMatchObject({ state: "ready", attempt: 1, deliveries: 0 });
  expect(process.listenerCount("SIGTERM")).toBe(0);
});

test("a worker that must stop at once gives its task back, for another worker to run", async () => {
  const { stem, work: startWorker } = await startStem();
  const slow = gated();
  const leaving = await startWorker({ tasks: [slow.implementation] });
  const handle = await stem.enqueue(work, [1]);
  await slow.running;
  const stopped = leaving.stop({ graceMs: 0 });
  const quick = gated();
  quick.open();
  await startWorker({ tasks: [quick.implementation] });
  await stopped;
  expect(await handle.result({ timeoutMs: 50_000 })).toBe("done 1");
  expect(await handle.status()).toMatchObject({ attempt: 1 });
  slow.open();
});

test("a worker that the server will not have says why", async () => {
  const { url } = await startStem();
  const { implementation } = gated();
  const worker = createWorker({ url, namespace: "elsewhere", tasks: [implementation] });
  await expect(worker.run()).rejects.toMatchObject({ reason: "NAMESPACE_UNKNOWN" });
});

test("a client that is closed ends its waits, and takes nothing more", async () => {
  const { url } = await startStem();
  const stem = connect(url);
  const handle = await stem.enqueue(work, [1]);
  const waiting = expect(handle.result()).rejects.toThrow(ClientClosedError);
  const enqueued = stem.enqueue(work, [2]);
  await stem.close();
  await waiting;
  await expect(enqueued).resolves.toMatchObject({ name: "work" });
  await expect(stem.enqueue(work, [3])).rejects.toThrow(ClientClosedError);
  await expect(handle.status()).rejects.toThrow(ClientClosedError);
});
