import { setImmediate } from "node:timers/promises";
import { expect } from "vitest";
import type { Store } from "../../server/src/ports/store.ts";
import { claimRequest, lease, only, refOf, settlementOf } from "../contract/subject.ts";
import { newTask } from "../support/new-task.ts";
import { until } from "../support/until.ts";
import { redisTests, type SharedStore } from "./shared-store.ts";

const done = { kind: "succeeded", result: undefined } as const;
const unavailable = { problem: { reason: "STORE_UNAVAILABLE" } };
const accept = (store: Store, { now }: SharedStore, id: string) =>
  store.accept({ tasks: [newTask(id)], now, atomic: false });
const untilBack = (store: Store, shared: SharedStore, id: string) =>
  until(() => accept(store, shared, id).catch(() => false as const), {
    deadlineMs: 50_000,
    what: "the store",
  });

redisTests(
  (test) => {
    test("a connection that was ended is made again, and leases go on", async (shared) => {
      const store = await shared.open();
      await accept(store, shared, "a");
      const claimed = only(await store.claim(claimRequest(shared.now)));
      await shared.server.command("CLIENT", "KILL", "TYPE", "normal");
      await untilBack(store, shared, "b");
      expect(await store.read([refOf("a"), refOf("b")])).toMatchObject([
        { state: "leased" },
        { state: "ready" },
      ]);
      expect(only(await store.settle([settlementOf(claimed, done, shared.now)]))).toMatchObject({
        kind: "applied",
      });
    });

    test("calls under way when connections end are stored or say that they are unknown, and are never answered as repeats", async (shared) => {
      const store = await shared.open();
      const ids = Array.from({ length: 300 }, (_, i) => `task-${i}`);
      const calls = ids.map((id) => accept(store, shared, id));
      const killed = shared.server.command("CLIENT", "KILL", "TYPE", "normal");
      const outcomes = await Promise.allSettled(calls);
      await killed;
      for (const outcome of outcomes) {
        if (outcome.status === "fulfilled") expect(outcome.value).toEqual(["accepted"]);
        else expect(outcome.reason).toMatchObject(unavailable);
      }
      await untilBack(store, shared, "last");
      const found = await store.read(ids.map((id) => refOf(id)));
      for (const [at, outcome] of outcomes.entries())
        if (outcome.status === "fulfilled") expect(found[at]?.id).toBe(ids[at]);
      for (const id of ids) await accept(store, shared, id);
      const { events } = await store.readEvents(undefined, 1000);
      expect(events).toHaveLength(301);
    });

    test("nothing that was answered is lost when Redis is killed, and leases get their time again when it is back", async (shared) => {
      const store = await shared.open();
      await accept(store, shared, "a");
      const claimed = only(await store.claim(claimRequest(shared.now)));
      const answered: string[] = [];
      let isWriting = true;
      const writing = (async () => {
        for (let i = 0; isWriting; i += 1) {
          await accept(store, shared, `task-${i}`).then(
            () => answered.push(`task-${i}`),
            () => setImmediate(),
          );
        }
      })();
      await until(() => answered.length > 50, { deadlineMs: 50_000, what: "answers" });
      // All leases run out while it is away, as seen by the clock.
      await shared.server.away(async () => shared.advance(lease.leaseMs + lease.graceMs + 1));
      isWriting = false;
      await writing;
      await untilBack(store, shared, "last");
      const found = await store.readHeads(answered.map((id) => refOf(id)));
      expect(found.map((head) => head?.id)).toEqual(answered);
      expect(await store.expiredLeases(shared.now, 10)).toEqual([]);
      expect(only(await store.settle([settlementOf(claimed, done, shared.now)]))).toMatchObject({
        kind: "applied",
      });
      const again = only(await store.claim(claimRequest(shared.now, { limit: 1 })));
      expect(again.fence.epoch).toBeGreaterThan(claimed.fence.epoch);
    });

    test("scripts that Redis has forgotten are given to it again", async (shared) => {
      const store = await shared.open();
      await shared.server.command("SCRIPT", "FLUSH");
      expect(await accept(store, shared, "a")).toEqual(["accepted"]);
      expect(await store.claim(claimRequest(shared.now))).toHaveLength(1);
    });

    test("out of memory, new tasks are refused as STORE_FULL and nothing of them is stored; what is there goes on and makes room", async (shared) => {
      const store = await shared.open();
      await accept(store, shared, "a");
      const claimed = only(await store.claim(claimRequest(shared.now)));
      await shared.server.command("CONFIG", "SET", "maxmemory", "1");
      try {
        const refused = accept(store, shared, "b");
        await expect(refused).rejects.toMatchObject({ problem: { reason: "STORE_FULL" } });
        expect(await store.read([refOf("b")])).toEqual([undefined]);
        expect(only(await store.settle([settlementOf(claimed, done, shared.now)]))).toMatchObject({
          kind: "applied",
        });
        expect(await store.remove([refOf("a")], shared.now)).toEqual(["removed"]);
      } finally {
        await shared.server.command("CONFIG", "SET", "maxmemory", "0");
      }
      expect(await accept(store, shared, "b")).toEqual(["accepted"]);
    });

    test("a Redis that became a replica takes nothing, which is unknown and not answered wrongly", async (shared) => {
      const store = await shared.open();
      await shared.server.command("REPLICAOF", "127.0.0.1", "1");
      try {
        await expect(accept(store, shared, "a")).rejects.toMatchObject(unavailable);
      } finally {
        await shared.server.command("REPLICAOF", "NO", "ONE");
      }
      await untilBack(store, shared, "b");
    });
  },
  { isSafe: true },
);
