import { expect } from "vitest";
import { defaultNamespace, namespaceOf, plus, queueNameOf } from "../../server/src/model/ids.ts";
import type { QueueEventQuery } from "../../server/src/ports/queue-event-store.ts";
import { bytesOf } from "../support/new-task.ts";
import type { Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const ref = (queue = "mails", namespace = defaultNamespace) => ({ namespace, queue: queueNameOf(queue) });

const emit = ({ store, now }: Subject, id: string, name = "sent", more: Emitted = {}) =>
  store.emitQueueEvent({
    ref: more.ref ?? ref(),
    id,
    name,
    body: bytesOf(more.text ?? `${name} ${id}`),
    now,
  });

type Emitted = { readonly ref?: ReturnType<typeof ref>; readonly text?: string };

async function read({ store }: Subject, query: Partial<QueueEventQuery> = {}) {
  const usual = { ref: ref(), from: 0, names: [], limit: 100, bytesMax: 1024 * 1024 };
  const page = await store.readQueueEvents({ ...usual, ...query });
  return { ...page, ids: page.events.map(({ offset, id }) => `${offset}: ${id}`) };
}

/** Named events on queues: in order, once, and the newest of them. */
export function queueEventCases(suite: Suite): void {
  emittingCases(suite);
  keepingCases(suite);
}

function emittingCases({ case: test }: Suite): void {
  test("events of a queue are read in order, with name, time and body, and no other queue's", async (subject) => {
    expect(await emit(subject, "a")).toEqual({ kind: "emitted", offset: 0 });
    subject.advance(5);
    expect(await emit(subject, "b", "bounced")).toEqual({ kind: "emitted", offset: 1 });
    await emit(subject, "a", "sent", { ref: ref("other") });
    await emit(subject, "a", "sent", { ref: ref("mails", namespaceOf("other")) });
    const { events, gap, next, hasMore } = await read(subject);
    expect(events).toEqual([
      { offset: 0, id: "a", name: "sent", at: subject.now - 5, body: bytesOf("sent a") },
      { offset: 1, id: "b", name: "bounced", at: subject.now, body: bytesOf("bounced b") },
    ]);
    expect([gap, next, hasMore]).toEqual([undefined, 2, false]);
    expect(await subject.store.getQueue(ref("other"))).toMatchObject({ name: "other" });
  });

  test("events are read by name, from any place on, so many and so large at a time", async (subject) => {
    for (const id of ["a", "b", "c", "d"]) await emit(subject, id, id < "c" ? "early" : "late");
    expect((await read(subject, { names: ["late"] })).ids).toEqual(["2: c", "3: d"]);
    expect((await read(subject, { names: ["late", "early"], from: 1 })).ids).toEqual([
      "1: b",
      "2: c",
      "3: d",
    ]);
    expect(await read(subject, { limit: 2 })).toMatchObject({
      ids: ["0: a", "1: b"],
      next: 2,
      hasMore: true,
    });
    expect(await read(subject, { bytesMax: 1 })).toMatchObject({ ids: ["0: a"], next: 1, hasMore: true });
    expect(await read(subject, { names: ["never"] })).toMatchObject({ ids: [], next: 4, hasMore: false });
    expect(await read(subject, { from: undefined })).toMatchObject({ ids: [], next: 4 });
    expect(await read(subject, { ref: ref("unknown") })).toMatchObject({ ids: [], next: 0 });
  });

  test("an event that is emitted again is one, and another under its id is refused", async (subject) => {
    await emit(subject, "a");
    await emit(subject, "b");
    expect(await emit(subject, "a")).toEqual({ kind: "duplicate", offset: 0 });
    expect(await emit(subject, "a", "bounced", { text: "sent a" })).toEqual({ kind: "exists" });
    expect(await emit(subject, "a", "sent", { text: "else" })).toEqual({ kind: "exists" });
    expect((await read(subject)).ids).toEqual(["0: a", "1: b"]);
  });

  test(
    "a queue comes into being with its first event, unless the namespace has as many as it may",
    async (subject) => {
      await emit(subject, "a");
      expect(await emit(subject, "b", "sent", { ref: ref("second") })).toEqual({
        refused: "queue_limit",
        max: 1,
      });
      expect(await emit(subject, "b")).toMatchObject({ kind: "emitted" });
    },
    { limits: { queuesPerNamespaceMax: 1 } },
  );

  test("a queue that is deleted takes its events along, and one made anew begins anew", async (subject) => {
    const { store, now } = subject;
    await emit(subject, "a");
    expect(await store.deleteQueue(ref(), false, now)).toEqual({ kind: "deleted" });
    expect(await read(subject)).toMatchObject({ ids: [], next: 0 });
    expect(await emit(subject, "b")).toEqual({ kind: "emitted", offset: 0 });
    expect((await read(subject)).ids).toEqual(["0: b"]);
  });
}

function keepingCases({ case: test }: Suite): void {
  test(
    "beyond the count the oldest events of a queue go, and a reader sees how many",
    async (subject) => {
      for (const id of ["a", "b", "c", "d", "e"]) await emit(subject, id);
      expect(await read(subject)).toMatchObject({
        ids: ["2: c", "3: d", "4: e"],
        gap: { keptFrom: 2, dropped: 2 },
      });
      expect((await read(subject, { from: 2 })).gap).toBeUndefined();
      expect(await emit(subject, "a")).toEqual({ kind: "emitted", offset: 5 });
    },
    { limits: { queueEventsMax: 3 } },
  );

  test(
    "beyond the bytes the oldest events of a queue go",
    async (subject) => {
      await emit(subject, "a", "sent", { text: "x".repeat(100) });
      await emit(subject, "b", "sent", { text: "x".repeat(100) });
      expect((await read(subject)).ids).toEqual(["1: b"]);
      await emit(subject, "c", "sent", { text: "x".repeat(1000) });
      expect(await read(subject)).toMatchObject({ ids: [], next: 3, gap: { keptFrom: 3, dropped: 3 } });
    },
    { limits: { queueEventsBytesMax: 300 } },
  );

  test("old events go when they are told to, so many at a time", async (subject) => {
    await emit(subject, "a");
    await emit(subject, "b");
    await emit(subject, "a", "sent", { ref: ref("other") });
    subject.advance(1000);
    await emit(subject, "c");
    expect(await subject.store.pruneQueueEvents(subject.now, 2)).toBe(2);
    expect(await subject.store.pruneQueueEvents(subject.now, 2)).toBe(1);
    expect(await subject.store.pruneQueueEvents(subject.now, 2)).toBe(0);
    expect(await read(subject)).toMatchObject({ ids: ["2: c"], gap: { keptFrom: 2, dropped: 2 } });
    expect(await subject.store.pruneQueueEvents(plus(subject.now, 1), 2)).toBe(1);
    expect(await read(subject)).toMatchObject({ ids: [], next: 3, gap: { keptFrom: 3, dropped: 3 } });
  });

  test("events of queues go on over a restart", async (subject) => {
    await emit(subject, "a");
    await subject.reopen();
    expect(await emit(subject, "a")).toMatchObject({ kind: "duplicate" });
    expect(await emit(subject, "b")).toEqual({ kind: "emitted", offset: 1 });
    expect((await read(subject)).ids).toEqual(["0: a", "1: b"]);
  });
}
