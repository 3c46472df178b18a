import { expect, test } from "vitest";
import type { PublishWish } from "../../server/src/broker/publish.ts";
import { listenerOf } from "../../server/src/model/broadcast.ts";
import { defaultNamespace } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import { createMemoryStore } from "../../server/src/storage/memory/memory.ts";
import { openRooms, type Rooms, taskRefOf } from "../support/rooms.ts";
import { type SubmissionWish, submissionOf } from "../support/submission.ts";

const publish = (rooms: Rooms, id: string, wish: Partial<PublishWish> = {}, task: SubmissionWish = {}) =>
  rooms.broker.broadcasts.publish(defaultNamespace, submissionOf({ id, content: id, ...task }), {
    channel: "news",
    expiresMs: undefined,
    delivery: undefined,
    ...wish,
  });

const listen = (rooms: Rooms, name: string, channels: readonly string[] = ["news"]) =>
  rooms.worker({ name, channels });

/** The state at each worker. */
async function outcomes(rooms: Rooms, id: string): Promise<Record<string, string>> {
  const { tasks } = await rooms.broker.broadcasts.deliveries(taskRefOf(id), {
    limit: 1000,
    after: undefined,
  });
  return Object.fromEntries(tasks.map((task) => [listenerOf(task), task.state]));
}

const contentOf = ({ content }: { readonly content: Uint8Array }): string => Buffer.from(content).toString();

test("every worker that listens gets a task of its own, and its outcome is read by worker", async () => {
  const rooms = await openRooms();
  const [a, b, other] = [
    await listen(rooms, "a"),
    await listen(rooms, "b"),
    await listen(rooms, "c", ["weather"]),
  ];
  expect(await publish(rooms, "n1")).toEqual({ id: "n1", deduplicated: false, listeners: 2 });
  expect(contentOf(await a.takeOne())).toBe("n1");
  const [ofB] = await b.take();
  if (!ofB) throw new Error("b got nothing");
  await b.fail(ofB, "broken");
  expect(await outcomes(rooms, "n1")).toEqual({ a: "leased", b: "scheduled" });
  await rooms.enqueue({ id: "plain" });
  expect((await other.takeOne()).taskId, "who listens elsewhere gets none of it").toBe("plain");
  await rooms.close();
});

test("a late joiner gets what has not expired, in its order, and whoever had it does not get it again", async () => {
  const rooms = await openRooms();
  const early = await listen(rooms, "early");
  await publish(rooms, "short", { expiresMs: 1000 });
  await publish(rooms, "n1");
  await publish(rooms, "n2");
  for (const lease of await early.take()) await early.succeed(lease);
  early.lose();
  await rooms.clock.advance(5000);
  const [late, again] = [await listen(rooms, "late"), await listen(rooms, "early")];
  const got = await late.take();
  expect(got.map(contentOf)).toEqual(["n1", "n2"]);
  await rooms.enqueue({ id: "plain" });
  expect((await again.take()).map(({ taskId }) => taskId)).toEqual(["plain"]);
  expect(await outcomes(rooms, "short"), "it ran before it expired").toEqual({ early: "succeeded" });
  await rooms.close();
});

test("what waits for a worker that is away expires with the broadcast", async () => {
  const rooms = await openRooms();
  const worker = await listen(rooms, "w");
  await publish(rooms, "n1", { expiresMs: 60_000 });
  worker.lose();
  expect(await outcomes(rooms, "n1")).toEqual({ w: "ready" });
  await rooms.clock.advance(65_000);
  expect(await outcomes(rooms, "n1")).toEqual({ w: "cancelled" });
  expect(await rooms.read("n1")).toMatchObject({
    state: "cancelled",
    cancel: { reason: "the broadcast ended" },
  });
  await rooms.close();
});

test("what runs when the broadcast expires may finish, and is not begun again after it", async () => {
  const rooms = await openRooms();
  const worker = await listen(rooms, "w");
  const gone = await listen(rooms, "gone");
  await publish(rooms, "n1", { expiresMs: 1000 });
  const lease = await worker.takeOne();
  await gone.takeOne();
  gone.lose();
  await rooms.clock.advance(4000);
  expect(await rooms.read("n1")).toMatchObject({ state: "ready" });
  expect(await worker.succeed(lease)).toMatchObject({ kind: "accepted", state: "succeeded" });
  await rooms.clock.advance(30_000);
  expect(await outcomes(rooms, "n1")).toEqual({ w: "succeeded", gone: "cancelled" });
  expect(await rooms.read("n1")).toMatchObject({ state: "cancelled" });
  await rooms.close();
});

test("at most once means once: neither a failure nor a lost worker hands it out again", async () => {
  const rooms = await openRooms();
  const [fails, dies] = [await listen(rooms, "fails"), await listen(rooms, "dies")];
  await publish(rooms, "n1", { delivery: "at_most_once" });
  await fails.fail(await fails.takeOne());
  await dies.takeOne();
  dies.lose();
  await rooms.clock.advance(60_000);
  expect(await outcomes(rooms, "n1")).toEqual({ fails: "failed", dies: "failed" });
  const back = await listen(rooms, "dies");
  await rooms.enqueue({ id: "plain" });
  expect((await back.take()).map(({ taskId }) => taskId)).toEqual(["plain"]);
  await rooms.close();
});

test("at least once: who was lost with it gets it when it is back", async () => {
  const rooms = await openRooms();
  const dies = await listen(rooms, "dies");
  await publish(rooms, "n1");
  await dies.takeOne();
  dies.lose();
  await rooms.clock.advance(60_000);
  const back = await listen(rooms, "dies");
  expect(contentOf(await back.takeOne())).toBe("n1");
  await rooms.close();
});

test("nothing is lost or made twice over a restart of the server", async () => {
  const store = createMemoryStore({ limits });
  const before = await openRooms({ store });
  const [a] = [await listen(before, "a"), await listen(before, "b")];
  await publish(before, "n1");
  await a.succeed(await a.takeOne());
  await before.close();
  const rooms = await openRooms({ store, clock: before.clock });
  expect(await publish(rooms, "n1")).toMatchObject({ deduplicated: true });
  const [again, b, c] = [await listen(rooms, "a"), await listen(rooms, "b"), await listen(rooms, "c")];
  expect(contentOf(await b.takeOne())).toBe("n1");
  expect(contentOf(await c.takeOne())).toBe("n1");
  await rooms.enqueue({ id: "plain" });
  expect((await again.take()).map(({ taskId }) => taskId)).toEqual(["plain"]);
  await rooms.close();
});

test("two live workers of one name cannot both listen; the same session may go on", async () => {
  const rooms = await openRooms();
  const first = await listen(rooms, "w");
  await expect(listen(rooms, "w")).rejects.toMatchObject({
    problem: { reason: "LISTENER_NAME_TAKEN", worker: "w" },
  });
  await publish(rooms, "n1");
  const lease = await first.takeOne();
  const { session } = first;
  const second = await rooms.worker({
    name: "w",
    channels: ["news"],
    resume: { sessionId: session.id, held: [lease.token], seenSeq: session.lastSeq },
  });
  expect(first.wasSuperseded).toBe(true);
  expect(await second.succeed(lease)).toMatchObject({ kind: "accepted" });
  second.lose();
  await publish(rooms, "n2");
  const third = await listen(rooms, "w");
  expect(contentOf(await third.takeOne())).toBe("n2");
  await rooms.close();
});

test("names that come and go use the same inboxes again, but for those in which something waits", async () => {
  const rooms = await openRooms({ limits: { broadcastListenersMax: 2 } });
  for (const name of ["a", "b", "c"]) {
    const worker = await listen(rooms, name);
    await publish(rooms, `for ${name}`, { expiresMs: 1000 });
    for (const lease of await worker.take()) await worker.succeed(lease);
    worker.lose();
    await rooms.clock.advance(4000);
  }
  const queues = await rooms.broker.listQueues(defaultNamespace, undefined, 1000);
  expect(queues.map(({ name }) => name)).toEqual(["~broadcasts", "~inbox/1"]);

  const waits = await listen(rooms, "waits");
  await publish(rooms, "n1");
  waits.lose();
  await listen(rooms, "d");
  await expect(listen(rooms, "e")).rejects.toMatchObject({
    problem: { reason: "CONCURRENCY_LIMIT_REACHED", limit: "broadcastListenersMax" },
  });
  const back = await listen(rooms, "waits");
  expect((await back.takeOne()).queue, "its own, with what waits in it").toBe("~inbox/1");
  await rooms.close();
});

test("a channel's history is bounded: the oldest end, and late joiners get the newest", async () => {
  const rooms = await openRooms({ limits: { broadcastHistoryMax: 10 } });
  for (let n = 1; n <= 25; n++) await publish(rooms, `n${n}`);
  const { broadcasts } = await rooms.broker.broadcasts.list(defaultNamespace, "news", {
    limit: 100,
    after: undefined,
  });
  expect(broadcasts.map(({ id }) => id).slice(0, 2)).toEqual(["n25", "n24"]);
  expect(broadcasts.filter(({ isLive }) => isLive).length).toBeLessThanOrEqual(11);
  const late = await listen(rooms, "late");
  const got: string[] = [];
  while (got.length < 10) got.push(...(await late.take()).map(contentOf));
  expect(got).toEqual(Array.from({ length: 10 }, (_, n) => `n${n + 16}`));
  await rooms.close();
});

test("a broadcast that is deleted ends: what waits is cancelled, what runs is not, and nobody new gets it", async () => {
  const rooms = await openRooms();
  const [runs, waits] = [await listen(rooms, "runs"), await listen(rooms, "waits")];
  await publish(rooms, "n1");
  const lease = await runs.takeOne();
  expect(await rooms.broker.broadcasts.end(taskRefOf("n1"))).toEqual({ cancelled: 1, running: 1 });
  const late = await listen(rooms, "late");
  await runs.succeed(lease);
  await rooms.enqueue({ id: "one" }, { id: "two" });
  expect((await late.takeOne()).taskId).toBe("one");
  expect((await waits.takeOne()).taskId).toBe("two");
  expect(await outcomes(rooms, "n1")).toEqual({ runs: "succeeded", waits: "cancelled" });
  expect(await rooms.broker.broadcasts.end(taskRefOf("n1"))).toEqual({ cancelled: 0, running: 0 });
  await expect(rooms.broker.broadcasts.end(taskRefOf("one"))).rejects.toMatchObject({
    problem: { reason: "BROADCAST_UNKNOWN", broadcastId: "one" },
  });
  await rooms.close();
});

test("a listener that could not be given something gets it when the store takes it again", async () => {
  const store = createMemoryStore({ limits });
  const accept = store.accept.bind(store);
  let isBroken = false;
  const rooms = await openRooms({
    store: Object.assign(store, {
      accept: (batch: Parameters<typeof accept>[0]) => {
        const isDelivery = batch.tasks.some(({ queue }) => queue.startsWith("~inbox/"));
        return isBroken && isDelivery ? Promise.reject(new Error("no")) : accept(batch);
      },
    }),
  });
  const worker = await listen(rooms, "w");
  isBroken = true;
  await publish(rooms, "n1");
  isBroken = false;
  expect(await outcomes(rooms, "n1")).toEqual({});
  await rooms.clock.advance(2000);
  expect(contentOf(await worker.takeOne())).toBe("n1");
  await rooms.close();
});

test("a route may lead to a channel: what is enqueued is published, with the channel's terms", async () => {
  const rooms = await openRooms();
  await rooms.routing.replace(
    defaultNamespace,
    `
undeclared_channels: refuse
broadcasts: { news: { expires_ms: 5000, delivery: at-most-once } }
routes: [{ match: { headers: { kind: news } }, target: { type: broadcast, name: news }, priority_override: 9 }]
`,
    0,
  );
  const [a, b] = [await listen(rooms, "a"), await listen(rooms, "b")];
  await rooms.enqueue({ id: "n1", headers: { kind: "news" } });
  for (const worker of [a, b])
    expect(await worker.takeOne()).toMatchObject({ queue: expect.stringContaining("~inbox/") });
  expect(await rooms.broker.broadcasts.get(taskRefOf("n1"))).toMatchObject({
    channel: "news",
    delivery: "at_most_once",
  });
  const later = { id: "n2", headers: { kind: "news" }, start: { delayMs: 1000 } };
  await expect(rooms.enqueue(later)).rejects.toThrow("FIELD_INVALID");
  await expect(publish(rooms, "n3", { channel: "other" })).rejects.toMatchObject({
    problem: { reason: "CHANNEL_UNKNOWN", channel: "other" },
  });
  await expect(listen(rooms, "c", ["news", "other"])).rejects.toMatchObject({
    problem: { reason: "CHANNEL_UNKNOWN" },
  });
  await rooms.close();
});
