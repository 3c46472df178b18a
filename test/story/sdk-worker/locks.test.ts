import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect, LockLostError } from "@stem/sdk";
import { startServer } from "@stem/server";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../support/until.ts";
import { configOf, startStem } from "../../support/whole-stem.ts";

test("of two processes that want a lock one has it, and the other gets it when that lets go", async () => {
  const { stem, url } = await startStem();
  await using other = connect(url);
  const lock = await stem.locks.acquire("report");
  expect(await stem.locks.get("report")).toMatchObject({
    key: "report",
    owner: lock.owner,
    fence: lock.fence,
  });
  await expect(other.locks.acquire("report")).rejects.toMatchObject({
    reason: "LOCK_HELD",
    metadata: { key: "report", owner: lock.owner },
  });
  const waiting = other.locks.acquire("report", { waitMs: 30_000 });
  await lock.release();
  const next = await waiting;
  expect(next.fence).toBeGreaterThan(lock.fence);
  await next.release();
  expect(await stem.locks.get("report")).toBeUndefined();
});

test("a lock that is held renews itself for as long as it is held", async () => {
  const { stem } = await startStem();
  const lock = await stem.locks.acquire("short", { ttlMs: 3000 });
  const first = await stem.locks.get("short");
  const later = await until(
    async () => {
      const now = await stem.locks.get("short");
      return now !== undefined && now.expiresAt.getTime() > (first?.expiresAt.getTime() ?? 0) + 1500 && now;
    },
    { deadlineMs: 50_000, what: "a lock that has been renewed", everyMs: 20 },
  );
  expect(later.fence).toBe(lock.fence);
  expect(lock.signal.aborted).toBe(false);
  await lock.release();
});

test("withLock lets one in at a time, and lets go whatever happens inside", async () => {
  const { stem } = await startStem();
  let inside = 0;
  const visit = (n: number) =>
    stem.locks.withLock(
      "room",
      async () => {
        inside += 1;
        expect(inside).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
        if (n === 1) throw new Error("tripped");
        return n;
      },
      { waitMs: Number.POSITIVE_INFINITY },
    );
  const visits = await Promise.allSettled([0, 1, 2, 3].map(visit));
  expect(visits.map((each) => (each.status === "fulfilled" ? each.value : each.reason.message))).toEqual([
    ...[0, "tripped", 2, 3],
  ]);
  expect(await Array.fromAsync(stem.locks.list())).toEqual([]);
});

test("a lock that an operator took away aborts the signal of its holder, and withLock says so", async () => {
  const { stem } = await startStem();
  const aborted = Promise.withResolvers<unknown>();
  const held = stem.locks.withLock(
    "room",
    async (lock) => {
      lock.signal.addEventListener("abort", () => aborted.resolve(lock.signal.reason));
      // The same owner from elsewhere: as if an operator had released it by what GetLock says.
      const double = await stem.locks.acquire("room", { owner: lock.owner, ttlMs: 60_000 });
      await double.release();
      await aborted.promise;
      return "done all the same";
    },
    { ttlMs: 300 },
  );
  await expect(held).rejects.toThrow(LockLostError);
  expect(await aborted.promise).toBeInstanceOf(LockLostError);
});

test("waiting for a lock ends when its signal aborts, with its reason, and when the client closes", async () => {
  const { stem, url } = await startStem();
  const other = connect(url);
  const lock = await stem.locks.acquire("door");
  const stop = new AbortController();
  const waiting = other.locks.acquire("door", { waitMs: 60_000, signal: stop.signal });
  const closing = other.locks.acquire("door", { waitMs: 60_000 });
  stop.abort(new Error("no time"));
  await expect(waiting).rejects.toThrow("no time");
  const ended = expect(closing).rejects.toMatchObject({ name: "ClientClosedError" });
  await other.close();
  await ended;
  await lock.release();
});

test("a client that closes lets go of its locks", async () => {
  const { stem, url } = await startStem();
  const other = connect(url);
  await other.locks.acquire("door");
  await other.close();
  expect(await stem.locks.get("door")).toBeUndefined();
});

test("a lock is still its holder's after the server was restarted", { timeout: 30_000 }, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "stem-locks-"));
  const start = (port: number) =>
    startServer(
      configOf({
        store: { url: `sqlite:${path.join(folder, "stem.db")}` },
        listen: { port },
        log: { level: "error" },
      }),
    );
  let server = await start(0);
  const stem = connect({ url: server.url, publishRetry: { baseDelayMs: 50, maxDelayMs: 200 } });
  onTestFinished(async () => {
    await stem.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const lock = await stem.locks.acquire("door", { ttlMs: 20_000 });
  await server.close();
  server = await start(server.address.port);
  expect(await stem.locks.get("door")).toMatchObject({ owner: lock.owner, fence: lock.fence });
  await expect(stem.locks.acquire("door")).rejects.toMatchObject({ reason: "LOCK_HELD" });
  await lock.release();
  const next = await stem.locks.acquire("door");
  expect(next.fence).toBeGreaterThan(lock.fence);
  expect(lock.signal.aborted).toBe(false);
});
