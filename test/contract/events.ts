import { expect } from "vitest";
import type { EventPosition, TaskEvent } from "../../server/src/model/event.ts";
import { defaultNamespace, plus } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import { bytesOf, defaultQueue, newTask } from "../support/new-task.ts";
import { lease, type Subject, settlementOf } from "./subject.ts";
import type { Suite } from "./suite.ts";

const everything = Number.MAX_SAFE_INTEGER;

/** The log of what happened. */
export function eventCases({ case: test }: Suite): void {
  test("a task's events tell its life, numbered by its revisions without a gap", async (subject) => {
    await subject.accept(newTask("a", { notBefore: plus(subject.now, 10) }));
    subject.advance(10);
    await subject.stage();
    await subject.claimOne();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    await subject.settle(await subject.claimOne(), { kind: "retry", delayMs: 0, failure: undefined });
    await subject.settle(await subject.claimOne(), { kind: "released" });
    const last = await subject.claimOne();
    await subject.cancel("a");
    await subject.settle(last, { kind: "succeeded", result: bytesOf("42") });
    const events = await subject.eventsOf("a");
    expect(events.map(({ kind, attempt, reason }) => [kind, attempt, reason])).toEqual([
      ["accepted", 1, "delay"],
      ["became_ready", 1, undefined],
      ["leased", 1, undefined],
      ["lease_expired", 1, "lease_expired"],
      ["leased", 1, undefined],
      ["retried", 2, "backoff"],
      ["leased", 2, undefined],
      ["released", 2, "released"],
      ["leased", 2, undefined],
      ["cancel_requested", 2, undefined],
      ["succeeded", 2, undefined],
    ]);
    expect(events.map(({ revision }) => revision)).toEqual(events.map((_, i) => i + 1));
    expect((await subject.task("a")).revision).toBe(events.length);
  });

  test("an event says when, where and which task", async (subject) => {
    await subject.accept(newTask("a"));
    const [event] = await subject.eventsOf("a");
    expect(event).toEqual({
      position: event?.position,
      at: subject.now,
      namespace: defaultNamespace,
      queue: defaultQueue,
      taskId: "a",
      kind: "accepted",
      revision: 1,
      attempt: 1,
      reason: undefined,
    });
  });

  test("what changes nothing writes no event", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    await subject.accept(newTask("a"));
    await subject.extend(claimed);
    await subject.settle({ ...claimed, fence: { epoch: 0, seq: 1 } }, { kind: "released" });
    await subject.cancel("nobody");
    expect(await subject.eventsOf("a")).toHaveLength(2);
  });

  test("the log is read in pieces of any size, each after the last, and nothing is read twice", async (subject) => {
    await workThrough(subject, 20);
    const all = await readAll(subject, 1000);
    expect(all).toHaveLength(60);
    for (const size of [1, 7, 20, 59]) expect(await readAll(subject, size)).toEqual(all);
    for (const [i, event] of all.entries()) {
      const before = all[i - 1];
      expect(before === undefined || isBefore(before.position, event.position)).toBe(true);
    }
    expect(await subject.store.readEvents(all.at(-1)?.position, 10)).toEqual({
      events: [],
      truncated: false,
    });
  });

  test("what comes in while the log is read comes after what was read", async (subject) => {
    await subject.accept(newTask("a"));
    const { events } = await subject.store.readEvents(undefined, 10);
    await subject.accept(newTask("b"), newTask("c"));
    const later = await subject.store.readEvents(events.at(-1)?.position, 10);
    expect(later.events.map(({ taskId }) => taskId)).toEqual(["b", "c"]);
  });

  test("old events are dropped, and whoever has not read all of them is told", async (subject) => {
    await workThrough(subject, 3);
    const old = await readAll(subject, 1000);
    subject.advance(1000);
    await workThrough(subject, 2);
    const fresh = (await readAll(subject, 1000)).slice(old.length);
    expect(await subject.store.truncateEvents(plus(subject.now, -1000), everything, 1000)).toBe(0);
    expect(await subject.store.truncateEvents(subject.now, everything, 1000)).toBeGreaterThan(0);
    expect(await subject.store.truncateEvents(subject.now, everything, 1000)).toBe(0);
    expect(await subject.store.readEvents(undefined, 1000)).toEqual({ events: fresh, truncated: true });
    for (const [i, { position }] of old.entries()) {
      const isLast = i === old.length - 1;
      expect(await subject.store.readEvents(position, 1000)).toEqual({ events: fresh, truncated: !isLast });
    }
    expect(await subject.store.readEvents(fresh[0]?.position, 1000)).toEqual({
      events: fresh.slice(1),
      truncated: false,
    });
  });

  test("events beyond the bytes that they may take are dropped, oldest first", async (subject) => {
    for (let round = 0; round < 20; round += 1) {
      await subject.accept(...Array.from({ length: 50 }, (_, i) => newTask(`task-${round}-${i}`)));
    }
    const all = await readAll(subject, 1000);
    expect(await subject.store.truncateEvents(subject.now, everything, 1000)).toBe(0);
    expect(await subject.store.truncateEvents(subject.now, 0, 1)).toBe(1);
    const left = await readAll(subject, 1000);
    expect(left.length).toBeLessThan(all.length);
    expect(left).toEqual(all.slice(all.length - left.length));
    await subject.store.truncateEvents(subject.now, 0, 1000);
    expect(await subject.store.readEvents(undefined, 1000)).toEqual({ events: [], truncated: true });
  });

  test("events go on in order after all before them were dropped", async (subject) => {
    await subject.accept(newTask("a"));
    const [before] = await readAll(subject, 10);
    await subject.store.truncateEvents(plus(subject.now, 1), 0, 10);
    await subject.accept(newTask("b"));
    const { events, truncated } = await subject.store.readEvents(before?.position, 10);
    expect(events.map(({ taskId }) => taskId)).toEqual(["b"]);
    expect(truncated).toBe(false);
  });
}

let round = 0;

/** Takes `count` new tasks through a short life: three events each. */
async function workThrough(subject: Subject, count: number): Promise<void> {
  round += 1;
  await subject.accept(...Array.from({ length: count }, (_, i) => newTask(`round-${round}-${i}`)));
  const claimed = await subject.claim();
  const outcome: Outcome = { kind: "succeeded", result: undefined };
  await subject.store.settle(claimed.map((each) => settlementOf(each, outcome, subject.now)));
}

async function readAll(subject: Subject, size: number): Promise<readonly TaskEvent[]> {
  const all: TaskEvent[] = [];
  for (;;) {
    const { events } = await subject.store.readEvents(all.at(-1)?.position, size);
    expect(events.length).toBeLessThanOrEqual(size);
    if (events.length === 0) return all;
    all.push(...events);
  }
}

const isBefore = (a: EventPosition, b: EventPosition): boolean =>
  a.row < b.row || (a.row === b.row && a.index < b.index);
