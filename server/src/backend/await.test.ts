import { expect, test } from "vitest";
import { openRooms, type Rooms, taskRefOf } from "../../../test/support/rooms.ts";
import { defaultNamespace, taskIdOf } from "../model/ids.ts";
import { limits } from "../model/limits.ts";
import type { TaskStore } from "../ports/task-store.ts";
import { createAwait, type TaskNews } from "./await.ts";
import { createBackend } from "./backend.ts";
import { createProgressBoard } from "./progress.ts";
import { createWaiters } from "./waiters.ts";

type Wait = { readonly timeoutMs?: number; readonly seen?: number; readonly signal?: AbortSignal };

function waitFor(
  rooms: Pick<Rooms, "backend">,
  ids: readonly string[],
  { timeoutMs = 60_000, seen = 0, signal }: Wait = {},
) {
  const tasks = ids.map((id) => ({ id: taskIdOf(id), seenRevision: seen }));
  const request = { namespace: defaultNamespace, tasks, timeoutMs };
  return rooms.backend.await(request, signal ?? new AbortController().signal)[Symbol.asyncIterator]();
}

/** All that comes until the end, as it comes. */
function collect(news: AsyncIterator<readonly TaskNews[]>) {
  const batches: string[][] = [];
  let isOver = false;
  const all = (async () => {
    for (let item = await news.next(); item.done !== true; item = await news.next())
      batches.push(item.value.map(textOf));
    isOver = true;
  })();
  return {
    batches,
    all,
    get isOver() {
      return isOver;
    },
  };
}

function textOf(news: TaskNews): string {
  if (news.kind === "task") return `${news.task.id} ${news.task.state}`;
  return news.kind === "progress" ? `${news.taskId} ${news.progress.message}` : `${news.taskId} unknown`;
}

test("first comes what is newer than seen, in one round, then each change, and it ends when all have ended", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" }, { id: "b" });
  const news = collect(waitFor(rooms, ["a", "b", "nobody"]));
  await rooms.clock.advance(0);
  expect(news.batches).toEqual([["a ready", "b ready", "nobody unknown"]]);

  const worker = await rooms.worker();
  const [a, b] = await worker.take(2);
  if (a === undefined || b === undefined) throw new Error("two tasks were there");
  await worker.session.settle([
    { token: a.token, outcome: { kind: "succeeded", result: Buffer.from("ok") } },
    { token: b.token, outcome: { kind: "retry", delayMs: 60_000, failure: undefined } },
  ]);
  await rooms.clock.advance(0);
  expect(news.batches.slice(1), "one commit, one batch").toEqual([["a succeeded", "b scheduled"]]);
  expect(news.isOver).toBe(false);

  await rooms.broker.cancel(taskRefOf("b"), { reason: "" });
  await news.all;
  expect(news.batches.at(-1)).toEqual(["b cancelled"]);
  await rooms.close();
});

test("what was seen before is not said again", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const news = collect(waitFor(rooms, ["a"], { seen: 1 }));
  await rooms.clock.advance(5000);
  expect(news.batches).toEqual([]);
  const worker = await rooms.worker();
  await worker.succeed(await worker.takeOne());
  await news.all;
  expect(news.batches).toEqual([["a succeeded"]]);
  await rooms.close();
});

test("with no time to wait, what is known now is told, and that is all", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const news = collect(waitFor(rooms, ["a"], { timeoutMs: 0 }));
  await news.all;
  expect(news.batches).toEqual([["a ready"]]);
  await rooms.close();
});

test("it ends at the time-out, or when the caller is gone, and lets go of everything", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const timers = rooms.clock.timerCount;
  const late = collect(waitFor(rooms, ["a"], { timeoutMs: 5000 }));
  const gone = new AbortController();
  const left = collect(waitFor(rooms, ["a"], { signal: gone.signal }));
  await rooms.clock.advance(4999);
  expect([late.isOver, left.isOver]).toEqual([false, false]);
  gone.abort();
  await left.all;
  await rooms.clock.advance(1);
  await late.all;
  expect(rooms.clock.timerCount).toBe(timers);
  await rooms.close();
});

test("a caller that stops in the middle lets go of everything", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const timers = rooms.clock.timerCount;
  const news = waitFor(rooms, ["a"]);
  await news.next();
  await news.return?.();
  expect(rooms.clock.timerCount).toBe(timers);
  await rooms.close();
});

test("a change that nobody hinted at is found within a second", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a", policy: { retentionMs: 0 } }, { id: "b" });
  const worker = await rooms.worker();
  const news = collect(waitFor(rooms, ["a", "b"], { seen: 1 }));
  await rooms.clock.advance(0);
  await worker.takeOne();
  await rooms.clock.advance(1000);
  expect(news.batches, "a claim gives no hint").toEqual([["a leased"]]);
  await rooms.close();
});

test("a task that is removed while it is waited for is unknown", async () => {
  const rooms = await openRooms();
  const { store, clock } = rooms;
  await rooms.enqueue({ id: "a", policy: { retentionMs: 0 } });
  const worker = await rooms.worker();
  const lease = await worker.takeOne();
  const deaf = createBackend({ store, clock, limits });
  const news = collect(waitFor({ backend: deaf }, ["a"], { seen: 2 }));
  await clock.advance(0);
  await worker.succeed(lease);
  await store.prune(clock.now(), 10);
  await clock.advance(1000);
  await news.all;
  expect(news.batches).toEqual([["a unknown"]]);
  await rooms.close();
});

test("a task whose end was seen before is not waited for", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  await rooms.broker.cancel(taskRefOf("a"), { reason: "" });
  const news = collect(waitFor(rooms, ["a"], { seen: 2 }));
  await rooms.clock.advance(0);
  expect([news.batches, news.isOver]).toEqual([[], true]);
  await rooms.close();
});

test("progress is told live, and shown only while the attempt runs", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  const lease = await worker.takeOne();
  const news = collect(waitFor(rooms, ["a"], { seen: 2 }));
  await rooms.clock.advance(0);
  const report = (message: string) => ({ percent: 10, message, data: undefined });
  worker.session.progress(lease.token, report("one"));
  worker.session.progress(lease.token, report("two"));
  await rooms.clock.advance(0);
  expect(news.batches, "only the latest").toEqual([["a two"]]);
  await rooms.broker.cancel(taskRefOf("a"), { reason: "stop" });
  await rooms.clock.advance(0);
  const { progress } = await rooms.backend.get(taskRefOf("a"));
  expect(progress, "a request to stop does not end the attempt").toEqual(report("two"));

  await worker.settle(lease, { kind: "released" });
  expect((await rooms.backend.get(taskRefOf("a"))).progress).toBeUndefined();
  await rooms.close();
});

test("whoever does not pull finds the latest of each task, once", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const news = waitFor(rooms, ["a"]);
  expect((await news.next()).value?.map(textOf)).toEqual(["a ready"]);
  const worker = await rooms.worker();
  for (let round = 0; round < 5; round++) await worker.settle(await worker.takeOne(), { kind: "released" });
  await worker.succeed(await worker.takeOne());
  expect((await news.next()).value?.map(textOf)).toEqual(["a succeeded"]);
  expect((await news.next()).done).toBe(true);
  await rooms.close();
});

test("there are only so many waits at once", async () => {
  const rooms = await openRooms({ limits: { awaitStreamsMax: 1 } });
  await rooms.enqueue({ id: "a" });
  const first = waitFor(rooms, ["a"]);
  await first.next();
  await expect(waitFor(rooms, ["a"]).next()).rejects.toMatchObject({
    problem: { reason: "CONCURRENCY_LIMIT_REACHED", limit: "awaitStreamsMax", max: 1 },
  });
  await first.return?.();
  const again = waitFor(rooms, ["a"]);
  expect((await again.next()).done).toBe(false);
  await again.return?.();
  await rooms.close();
});

test("large tasks are read few at a time, and told in as many batches", async () => {
  const rooms = await openRooms();
  const reads: number[] = [];
  const { store, clock } = rooms;
  const counting: Pick<TaskStore, "read" | "readHeads"> = {
    readHeads: store.readHeads,
    read(refs) {
      reads.push(refs.length);
      return store.read(refs);
    },
  };
  const deps = { clock, limits, waiters: createWaiters(), board: createProgressBoard() };
  const wait = createAwait({ ...deps, store: counting });
  const wish = (at: number, bytes: number) => ({
    id: `${bytes}-${at}`,
    content: new Uint8Array(bytes).fill(at),
  });
  const large = Array.from({ length: 30 }, (_, at) => wish(at, 512 * 1024));
  const small = Array.from({ length: 100 }, (_, at) => wish(at, 10));
  await rooms.enqueue(...large, ...small);
  const tasks = [...large, ...small].map(({ id }) => ({ id: taskIdOf(id), seenRevision: 0 }));
  let told = 0;
  const request = { namespace: defaultNamespace, tasks, timeoutMs: 0 };
  for await (const batch of wait(request, new AbortController().signal)) told += batch.length;
  expect(told).toBe(130);
  expect(reads.slice(0, 4)).toEqual([8, 4, 2, 4]);
  expect(Math.max(...reads)).toBeLessThanOrEqual(64);
  await rooms.close();
});
