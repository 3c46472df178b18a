import { expect } from "vitest";
import { defaultNamespace } from "../../server/src/model/ids.ts";
import type { GateNews } from "../../server/src/ports/gate-store.ts";
import type { Store } from "../../server/src/ports/store.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { textOf } from "../contract/canvas-subject.ts";
import { claimRequest, lease, leaseRef, only, refOf, settlementOf } from "../contract/subject.ts";
import { uniqueTask } from "../contract/unique.ts";
import { chord, leaf, newCanvas } from "./new-canvas.ts";
import { bytesOf, defaultQueue, newTask } from "./new-task.ts";
import type { SharedDatabase, SharedTest } from "./shared-database.ts";
import { until } from "./until.ts";

const chordsInAll = process.env["STEM_SOAK"] ? 1000 : 300;
const chordsAtOnce = 100;
const done = { kind: "succeeded", result: undefined } as const;

type At = Pick<SharedDatabase<unknown>, "now">;

/** Accepts tasks at one of several servers, each on its own. */
export const acceptAt = (store: Store, { now }: At, ...tasks: ReturnType<typeof newTask>[]) =>
  store.accept({ tasks, now, atomic: false });

/** Settles what was claimed, all of it well. */
export const settleAt = (store: Store, { now }: At, claimed: readonly Claimed[]) =>
  store.settle(claimed.map((each) => settlementOf(each, done, now)));

/** Opens the store twice, as two servers do. */
export const openTwice = async (shared: Pick<SharedDatabase<unknown>, "open">) =>
  [await shared.open(), await shared.open()] as const;

/** What servers of one store, whichever it is, do to the same tasks. */
export function storesTogetherCases(test: SharedTest<unknown>): void {
  test("the same task at both servers at once is stored once, and so is one of two with one key", async (shared) => {
    const [first, second] = await openTwice(shared);
    for (let round = 0; round < 3; round += 1) {
      const batch = Array.from({ length: 20 }, (_, i) => newTask(`${round}-${i}`));
      // In opposite orders: where they wait for each other, one is undone and done again.
      const both = await Promise.all([
        acceptAt(first, shared, ...batch),
        acceptAt(second, shared, ...batch.toReversed()),
      ]);
      expect(both.flat().filter((verdict) => verdict === "accepted")).toHaveLength(20);
      expect(both.flat().filter((verdict) => verdict === "duplicate")).toHaveLength(20);
      const key = `key-${round}`;
      const unique = await Promise.all([
        acceptAt(first, shared, uniqueTask(`a${round}`, { key })),
        acceptAt(second, shared, uniqueTask(`b${round}`, { key })),
      ]);
      expect(unique.flat().filter((verdict) => verdict === "accepted")).toHaveLength(1);
    }
  });

  test("a server that comes neither ends nor puts off what another one's workers hold, and one that goes does not end it", async (shared) => {
    const first = await shared.open();
    await acceptAt(first, shared, newTask("a"));
    const claimed = only(await first.claim(claimRequest(shared.now)));
    shared.advance(1000);
    const second = await shared.open();
    const before = only(await first.readHeads([refOf("a")]));
    expect(before?.leaseUntil).toBe(shared.now - 1000 + lease.leaseMs + lease.graceMs);
    await first.close();
    const { leaseMs: defaultLeaseMs, graceMs } = lease;
    const leases = [leaseRef(claimed)];
    const request = { leases, now: shared.now, leaseMs: undefined, defaultLeaseMs, graceMs };
    expect(only(await second.extend(request))).toMatchObject({ held: true });
    expect(only(await settleAt(second, shared, [claimed]))).toMatchObject({ kind: "applied" });
  });

  test("a task that both servers had in turn has rising fences", async (shared) => {
    const [first, second] = await openTwice(shared);
    await acceptAt(first, shared, newTask("a", { policy: { maxDeliveries: 100 } }));
    let before = { epoch: 0, seq: 0 };
    for (const store of [first, second, first, second, first, second]) {
      const claimed = only(await store.claim(claimRequest(shared.now)));
      const { epoch, seq } = claimed.fence;
      expect(epoch > before.epoch || (epoch === before.epoch && seq > before.seq)).toBe(true);
      before = claimed.fence;
      await store.settle([settlementOf(claimed, { kind: "released" }, shared.now)]);
    }
  });

  test("two members of a chord that end at the same instant at two servers start its body, once", async (shared) => {
    const [first, second] = await openTwice(shared);
    const claim = () => first.claim(claimRequest(shared.now, { limit: 1000 }));
    for (let done = 0; done < chordsInAll; done += chordsAtOnce) {
      const canvases = Array.from({ length: chordsAtOnce }, (_, at) => {
        const id = `chord-${done + at}`;
        return newCanvas(id, chord(leaf(`${id}-body`), leaf(`${id}-a`), leaf(`${id}-b`)));
      });
      await Promise.all(canvases.map((canvas) => first.submitCanvas(canvas, shared.now)));
      const members = await claim();
      expect(members).toHaveLength(2 * chordsAtOnce);
      // Neighbours are members of one chord: each server has one of them.
      const ends = members.map((one, at) => settleAt(at % 2 === 0 ? first : second, shared, [one]));
      for (const [verdict] of await Promise.all(ends)) expect(verdict).toMatchObject({ kind: "applied" });
      const bodies = await claim();
      expect(bodies.map(({ content }) => textOf(content)).toSorted()).toEqual(
        canvases.map(({ id }) => `${id}-body`).toSorted(),
      );
      await settleAt(second, shared, bodies);
      expect(await claim()).toEqual([]);
    }
  });

  test("a server hears that the other one was given something to do", async (shared) => {
    const [first, second] = await openTwice(shared);
    const heard: GateNews[] = [];
    second.onGateNews((news) => void heard.push(news));
    let count = 0;
    await until(
      async () => {
        count += 1;
        await acceptAt(first, shared, newTask(`hint-${count}`));
        return heard[0];
      },
      { deadlineMs: 50_000, what: "a hint" },
    );
    expect(heard[0]?.opened[0]?.queue).toEqual({ namespace: defaultNamespace, queue: defaultQueue });
  });

  test("small values that one server puts the other one gets", async (shared) => {
    const [first, second] = await openTwice(shared);
    await first.putMeta("key", bytesOf("value"));
    expect(await second.getMeta("key")).toEqual(bytesOf("value"));
  });
}
