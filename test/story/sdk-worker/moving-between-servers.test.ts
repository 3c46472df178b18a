import { connect, defineTask, type StemClient } from "@stem/sdk";
import { createWorker, implement } from "@stem/worker";
import { expect, onTestFinished, test, vi } from "vitest";
import { createRecordingLog } from "../../support/recording-log.ts";
import { type SharingServer, shareStore } from "../../support/shared-store.ts";
import { until } from "../../support/until.ts";

// Leases that outlive their length, several times over, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const work = defineTask<[n: number], string>({ name: "work" });
const failover = { returnWithinMs: 100 };
const leaseMs = 2000;
const patience = { deadlineMs: 50_000, everyMs: 5 };

/** Two servers, and a worker whose handlers wait at a gate; its home comes first. */
async function holdTasks() {
  const servers = await shareStore(2, { leaseMs });
  const url = servers.map((server) => server.url);
  const stem = connect({ url, failover });
  const gate = Promise.withResolvers<void>();
  const attempts: string[] = [];
  const log = createRecordingLog();
  const worker = createWorker({
    ...{ url, failover, log, graceMs: 0 },
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
  });
  await worker.start();
  const handles = await stem.enqueueMany([1, 2, 3].map((n) => work.call([n])));
  await until(() => attempts.length === 3, { ...patience, what: "the handlers" });
  const [home, other] = servers.toSorted((a, b) => b.granted() - a.granted());
  if (home === undefined || other === undefined) throw new Error("there are two servers");
  return { stem, handles: [...handles], attempts, home, other, log, openGate: () => gate.resolve() };
}

/** There is a heartbeat each quarter of a lease, and one with the greeting: what is confirmed so often outlives it. */
const beatsOfALease = 6;

/** Waits until a server has extended the worker's leases so often. */
async function keepsThemAt(server: SharingServer, beats: number, leases = 3) {
  const before = server.extended();
  await until(() => server.extended() >= before + leases * beats, {
    ...patience,
    what: "leases extended there",
  });
}

/** That all tasks have run once, without another delivery. */
async function expectAsIfNothingHadBeen({ handles, attempts }: Awaited<ReturnType<typeof holdTasks>>) {
  const results = await Promise.all(handles.map((handle) => handle.result({ timeoutMs: 30_000 })));
  expect(results).toEqual(handles.map((_, at) => `done ${at + 1}`));
  expect(attempts.toSorted()).toEqual(handles.map((_, at) => `${at + 1} attempt 1 delivery 1`));
}

test("a worker takes what it holds to another server when its own is gone, and settles it there", async () => {
  const held = await holdTasks();
  await held.home.close();
  await keepsThemAt(held.other, beatsOfALease);
  held.openGate();
  await expectAsIfNothingHadBeen(held);
});

test("a worker has left a server that drains before it ends, and the drain does not wait for what left with it", async () => {
  const held = await holdTasks();
  await held.home.drain();
  await keepsThemAt(held.other, beatsOfALease);
  held.openGate();
  await expectAsIfNothingHadBeen(held);
  expect(held.log.lines.filter(({ text }) => text.startsWith("the connection is lost"))).toMatchObject([
    { facts: { reason: "DRAINING" } },
  ]);
});

test("a worker returns to its own server with what it holds, and goes and comes again", async () => {
  const held = await holdTasks();
  await held.home.close();
  await keepsThemAt(held.other, 1);
  await held.home.start();
  await keepsThemAt(held.home, 1);
  // This one the other server has never heard of, and its session there is behind.
  held.handles.push(await held.stem.enqueue(work, [4]));
  await until(() => held.attempts.length === 4, { ...patience, what: "the handler of what came at home" });
  await held.home.close();
  await keepsThemAt(held.other, beatsOfALease, 4);
  held.openGate();
  await expectAsIfNothingHadBeen(held);
});

/** A client of two servers, one of which is in use; and one of the other server alone. */
async function watcher() {
  const servers = await shareStore(2);
  const url = servers.map((server) => server.url).join();
  const log = createRecordingLog();
  const stem = connect({ url, failover: { returnWithinMs: 0 }, log });
  onTestFinished(() => stem.close());
  await stem.enqueue(work, [0]);
  const [used, other] = servers.toSorted((a, b) => b.accepted() - a.accepted());
  if (used === undefined || other === undefined) throw new Error("there are two servers");
  return { stem, used, other, log };
}

const emitted = async (stem: StemClient, from: number, to: number) => {
  for (let n = from; n <= to; n += 1) await stem.queueEvents.emit("default", `event-${n}`);
};

test.each(["drain", "close"] as const)(
  "a watch goes on at the other server after a %s: every event once, in order",
  async (how) => {
    const { stem, used } = await watcher();
    const seen: string[] = [];
    const enough = new AbortController();
    const watching = (async () => {
      for await (const { name } of stem.queueEvents.watch("default", { from: 0, signal: enough.signal }))
        seen.push(name);
    })().catch((error: unknown) => expect(error).toBe(enough.signal.reason));
    await emitted(stem, 1, 20);
    await Promise.all([used[how](), emitted(stem, 21, 40)]);
    await used.start();
    await emitted(stem, 41, 50);
    await until(() => seen.length >= 50, { ...patience, what: "all events" });
    enough.abort();
    await watching;
    expect(seen).toEqual(Array.from({ length: 50 }, (_, at) => `event-${at + 1}`));
  },
);

test("a lock is renewed and released at the other server", async () => {
  const { stem, used, other } = await watcher();
  const lock = await stem.locks.acquire("report", { ttlMs: 1000 });
  await used.close();
  const held = async () => (await stem.locks.get("report"))?.expiresAt.getTime() ?? 0;
  const before = await held();
  await until(async () => (await held()) > before, { ...patience, what: "a renewal" });
  expect(lock.signal.aborted).toBe(false);
  await lock.release();
  const alone = connect(other.url);
  expect(await alone.locks.get("report")).toBeUndefined();
  await alone.close();
});

test("where no server can be used, the error names each and says why", async () => {
  const { stem, used, other } = await watcher();
  const once = connect({ url: [used.url, other.url], publishRetry: false });
  onTestFinished(() => once.close());
  await Promise.all([used.close(), other.close()]);
  const error = await once.queues.get("default").catch((caught: unknown) => caught);
  expect(error).toMatchObject({ reason: "RPC_UNAVAILABLE", outcome: "unknown" });
  for (const { url } of [used, other]) expect(String(error)).toContain(`${url}: connect ECONNREFUSED`);
  // A call that waits for either is not given up while its time lasts.
  const waiting = stem.enqueue(work, [1]);
  await other.start();
  expect((await waiting).deduplicated).toBe(false);
});
