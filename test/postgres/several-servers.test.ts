import { expect } from "vitest";
import type { TaskEvent } from "../../server/src/model/event.ts";
import type { GateLimit } from "../../server/src/model/gate.ts";
import { defaultNamespace, plus } from "../../server/src/model/ids.ts";
import type { GateNews } from "../../server/src/ports/gate-store.ts";
import type { Store } from "../../server/src/ports/store.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { claimRequest, lease, leaseRef, only, refOf, settlementOf } from "../contract/subject.ts";
import { uniqueTask } from "../contract/unique.ts";
import { bytesOf, defaultQueue, newTask, tiesOf } from "../support/new-task.ts";
import { until } from "../support/until.ts";
import { postgresTests, type SharedStore } from "./shared-store.ts";

const done = { kind: "succeeded", result: undefined } as const;
const queue = { namespace: defaultNamespace, queue: defaultQueue };

const accept = (store: Store, { now }: SharedStore, ...tasks: ReturnType<typeof newTask>[]) =>
  store.accept({ tasks, now, atomic: false });
const settle = (store: Store, { now }: SharedStore, claimed: readonly Claimed[]) =>
  store.settle(claimed.map((each) => settlementOf(each, done, now)));
const idsOf = (claimed: readonly Claimed[]): string[] => claimed.map(({ id }) => id);

postgresTests((test) => {
  test("of many claims of two servers each task goes to one, and whoever has it settles it anywhere", async (shared) => {
    const stores = [await shared.open(), await shared.open()];
    const [first, second] = stores;
    if (!first || !second) throw new Error("two stores were expected");
    await accept(first, shared, ...Array.from({ length: 400 }, (_, i) => newTask(`task-${i}`)));
    const claims = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        stores[i % 2]?.claim(claimRequest(shared.now, { limit: 10, worker: `worker-${i}` })),
      ),
    );
    const claimed = claims.flatMap((each) => each ?? []);
    // A claim passes over what another one is about to take; what is left then is there for the next.
    for (let more = await first.claim(claimRequest(shared.now)); more.length > 0; ) {
      claimed.push(...more);
      more = await first.claim(claimRequest(shared.now));
    }
    expect(new Set(idsOf(claimed)).size).toBe(400);
    expect(claimed).toHaveLength(400);
    const [half, other] = [claimed.slice(0, 200), claimed.slice(200)];
    const verdicts = await Promise.all([settle(first, shared, half), settle(second, shared, other)]);
    expect(verdicts.flat().every(({ kind }) => kind === "applied")).toBe(true);
    const found = await second.getQueue(queue);
    expect(found?.depth).toMatchObject({ ready: 0, leased: 0, succeeded: 400 });
  });

  test("the same task at both servers at once is stored once, and so is one of two with one key", async (shared) => {
    const [first, second] = [await shared.open(), await shared.open()];
    for (let round = 0; round < 3; round += 1) {
      const batch = Array.from({ length: 20 }, (_, i) => newTask(`${round}-${i}`));
      // In opposite orders: where they wait for each other, one is undone and done again.
      const both = await Promise.all([
        accept(first, shared, ...batch),
        accept(second, shared, ...batch.toReversed()),
      ]);
      expect(both.flat().filter((verdict) => verdict === "accepted")).toHaveLength(20);
      expect(both.flat().filter((verdict) => verdict === "duplicate")).toHaveLength(20);
      const key = `key-${round}`;
      const unique = await Promise.all([
        accept(first, shared, uniqueTask(`a${round}`, { key })),
        accept(second, shared, uniqueTask(`b${round}`, { key })),
      ]);
      expect(unique.flat().filter((verdict) => verdict === "accepted")).toHaveLength(1);
    }
  });

  test("a limit holds over both servers, also for the one where it was not put", async (shared) => {
    const [first, second] = [await shared.open(), await shared.open()];
    const ties = tiesOf({ limitKey: "tenant" });
    await accept(first, shared, ...Array.from({ length: 60 }, (_, i) => newTask(`t${i}`, { ties })));
    const limit: GateLimit = {
      ...{ namespace: defaultNamespace, kind: "key", subject: "tenant", updatedAt: shared.now },
      concurrency: 3,
      rate: undefined,
    };
    while ((await first.putLimit(limit)) === "more");
    let settled = 0;
    const leasedNow: number[] = [];
    const work = async (store: Store): Promise<void> => {
      for (let idle = 0; settled < 60 && idle < 200; ) {
        const claimed = await store.claim(claimRequest(shared.now, { limit: 2 }));
        idle = claimed.length === 0 ? idle + 1 : 0;
        leasedNow.push((await store.getLimit(limit))?.leased ?? 0);
        await settle(store, shared, claimed);
        settled += claimed.length;
      }
    };
    await Promise.all([work(first), work(second), work(first), work(second)]);
    expect(settled).toBe(60);
    expect(Math.max(...leasedNow)).toBe(3);
  });

  test("what is paused, revoked or named at one server is so at the other", async (shared) => {
    const [first, second] = [await shared.open(), await shared.open()];
    const cancel = { reason: "not needed", requester: undefined, at: shared.now };
    await first.revoke([{ ref: refOf("revoked"), cancel, until: plus(shared.now, 1000) }], shared.now);
    await accept(second, shared, newTask("revoked"), newTask("a"), newTask("b", { priority: 9 }));
    expect(only(await first.readHeads([refOf("revoked")]))?.state).toBe("cancelled");
    await first.setPause(queue, { reason: "deploy", at: shared.now }, shared.now);
    expect(await second.claim(claimRequest(shared.now))).toEqual([]);
    await first.setPause(queue, undefined, shared.now);
    const name = { namespace: defaultNamespace, kind: "name", subject: "mail.send" } as const;
    const none: GateLimit = { ...name, concurrency: 0, rate: undefined, updatedAt: shared.now };
    while ((await first.putLimit(none)) === "more");
    expect(await second.claim(claimRequest(shared.now))).toEqual([]);
    await accept(second, shared, newTask("c"));
    expect(await first.claim(claimRequest(shared.now))).toEqual([]);
    while ((await second.deleteLimit(name, shared.now)) === "more");
    expect(idsOf(await first.claim(claimRequest(shared.now)))).toEqual(["b", "a", "c"]);
  });

  test("a server that comes does not end what another one's workers hold, and neither does one that goes", async (shared) => {
    const first = await shared.open();
    await accept(first, shared, newTask("a"));
    const claimed = only(await first.claim(claimRequest(shared.now)));
    shared.advance(1000);
    const second = await shared.open();
    const before = only(await first.readHeads([refOf("a")]));
    expect(before?.leaseUntil).toBe(shared.now - 1000 + lease.leaseMs + lease.graceMs);
    await first.close();
    const { leaseMs: defaultLeaseMs, graceMs } = lease;
    const request = {
      leases: [leaseRef(claimed)],
      now: shared.now,
      leaseMs: undefined,
      defaultLeaseMs,
      graceMs,
    };
    expect(only(await second.extend(request))).toMatchObject({ held: true });
    expect(only(await settle(second, shared, [claimed]))).toMatchObject({ kind: "applied" });
  });

  test("a task that both servers had in turn has rising fences", async (shared) => {
    const stores = [await shared.open(), await shared.open()];
    await accept(stores[0] as Store, shared, newTask("a", { policy: { maxDeliveries: 100 } }));
    let before = { epoch: 0, seq: 0 };
    for (let round = 0; round < 6; round += 1) {
      const store = stores[round % 2] as Store;
      const claimed = only(await store.claim(claimRequest(shared.now)));
      const { epoch, seq } = claimed.fence;
      expect(epoch > before.epoch || (epoch === before.epoch && seq > before.seq)).toBe(true);
      before = claimed.fence;
      await store.settle([settlementOf(claimed, { kind: "released" }, shared.now)]);
    }
  });

  test("a reader of the log misses nothing while both servers write, and each task's events come in order", async (shared) => {
    const stores = [await shared.open(), await shared.open()];
    const events: TaskEvent[] = [];
    let isWriting = true;
    const reading = (async () => {
      for (;;) {
        const wasWriting = isWriting;
        const page = await (stores[0] as Store).readEvents(events.at(-1)?.position, 100);
        events.push(...page.events);
        if (!wasWriting && page.events.length === 0) return;
      }
    })();
    await Promise.all(
      stores.map(async (store, s) => {
        for (let i = 0; i < 60; i += 1) {
          await accept(store, shared, newTask(`${s}-${i}`));
          const claimed = await store.claim(claimRequest(shared.now, { limit: 2 }));
          await settle(store, shared, claimed);
        }
      }),
    );
    isWriting = false;
    await reading;
    const { tasks } = await (stores[1] as Store).list({
      ...{ namespace: defaultNamespace, states: [], queue: undefined, name: undefined, tag: undefined },
      ...{
        createdFrom: undefined,
        createdTo: undefined,
        after: undefined,
        bytesMax: 1e9,
        full: false,
        limit: 1000,
      },
    });
    const lives = Map.groupBy(events, ({ taskId }) => taskId);
    expect(tasks).toHaveLength(120);
    for (const { id, revision } of tasks)
      expect(lives.get(id)?.map((event) => event.revision)).toEqual(
        Array.from({ length: revision }, (_, i) => i + 1),
      );
  });

  test("a server hears that the other one was given something to do", async (shared) => {
    const [first, second] = [await shared.open(), await shared.open()];
    const heard: GateNews[] = [];
    second.onGateNews((news) => void heard.push(news));
    await until(
      async () => {
        await accept(first, shared, newTask(`hint-${heard.length}-${Math.floor(performance.now())}`));
        return heard[0];
      },
      { deadlineMs: 20_000, what: "a hint" },
    );
    expect(heard[0]?.opened[0]?.queue).toEqual(queue);
  });

  test("small values that one server puts the other one gets", async (shared) => {
    const [first, second] = [await shared.open(), await shared.open()];
    await first.putMeta("key", bytesOf("value"));
    expect(await second.getMeta("key")).toEqual(bytesOf("value"));
  });
});
