import { expect } from "vitest";
import type { Store } from "../../server/src/ports/store.ts";
import { claimRequest, lease, only, refOf, settlementOf } from "../contract/subject.ts";
import { newTask } from "../support/new-task.ts";
import { until } from "../support/until.ts";
import { postgresTests, type SharedStore } from "./shared-store.ts";

const done = { kind: "succeeded", result: undefined } as const;
const unavailable = { problem: { reason: "STORE_UNAVAILABLE" } };
const accept = (store: Store, { now }: SharedStore, id: string) =>
  store.accept({ tasks: [newTask(id)], now, atomic: false });
/** Ends every connection of the store but the one that says so. */
const terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stem'";

postgresTests(
  (test) => {
    test("a connection that was ended is made again, and who calls next does not notice", async (shared) => {
      const store = await shared.open();
      await accept(store, shared, "a");
      const before = only(await store.claim(claimRequest(shared.now)));
      await shared.server.sql(terminate);
      await until(() => accept(store, shared, "b").catch(() => false), {
        deadlineMs: 50_000,
        what: "the store",
      });
      expect(await store.read([refOf("a"), refOf("b")])).toMatchObject([
        { state: "leased" },
        { state: "ready" },
      ]);
      const after = only(await store.claim(claimRequest(shared.now)));
      expect(after.id).toBe("b");
      expect(after.fence.epoch).toBeGreaterThan(before.fence.epoch);
      expect(only(await store.settle([settlementOf(before, done, shared.now)]))).toMatchObject({
        kind: "applied",
      });
    });

    test("calls under way when the connections end are stored or say that they are unknown, and never half", async (shared) => {
      const store = await shared.open();
      const ids = Array.from({ length: 300 }, (_, i) => `task-${i}`);
      const calls = ids.map((id) => accept(store, shared, id));
      const ended = shared.server.sql(terminate);
      const outcomes = await Promise.allSettled(calls);
      await ended;
      const found = await until(() => store.read(ids.map((id) => refOf(id))).catch(() => false as const), {
        deadlineMs: 50_000,
        what: "the store",
      });
      for (const [at, outcome] of outcomes.entries()) {
        if (outcome.status === "fulfilled") expect(found[at]?.id).toBe(ids[at]);
        else expect(outcome.reason).toMatchObject(unavailable);
      }
      for (const id of ids) await accept(store, shared, id);
      const { events } = await store.readEvents(undefined, 1000);
      expect(events).toHaveLength(300);
    });

    test("while the database is away calls fail, and when it is back leases get their time again", async (shared) => {
      const store = await shared.open();
      await accept(store, shared, "a");
      const claimed = only(await store.claim(claimRequest(shared.now)));
      // A claim alone is not synced; what is synced after it brings it to the disk.
      await accept(store, shared, "later");
      // All leases run out while it is away, as seen by the clock: whoever comes back sooner than that would be right to end them.
      const away = shared.server.away(async () => shared.advance(lease.leaseMs + lease.graceMs + 1));
      const outcomes = await Promise.allSettled([accept(store, shared, "b"), store.read([refOf("a")])]);
      await away;
      for (const outcome of outcomes)
        if (outcome.status === "rejected") expect(outcome.reason).toMatchObject(unavailable);
      await until(() => accept(store, shared, "c").catch(() => false), {
        deadlineMs: 50_000,
        what: "the store",
      });
      expect(await store.expiredLeases(shared.now, 10)).toEqual([]);
      expect(only(await store.settle([settlementOf(claimed, done, shared.now)]))).toMatchObject({
        kind: "applied",
      });
    });

    test("a store that is closed takes no more calls", async (shared) => {
      const store = await shared.open();
      const under = accept(store, shared, "a");
      await store.close();
      expect(await under).toEqual(["accepted"]);
      await expect(accept(store, shared, "b")).rejects.toMatchObject(unavailable);
      await expect(store.read([refOf("a")])).rejects.toMatchObject(unavailable);
    });
  },
  { isSafe: true },
);
