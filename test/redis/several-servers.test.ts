import { expect } from "vitest";
import type { TaskEvent } from "../../server/src/model/event.ts";
import type { GateLimit } from "../../server/src/model/gate.ts";
import { defaultNamespace, namespaceOf, plus, queueNameOf } from "../../server/src/model/ids.ts";
import { type NamespaceRecord, unsaidNamespace } from "../../server/src/model/namespace.ts";
import type { Store } from "../../server/src/ports/store.ts";
import { claimRequest, lease, only, refOf } from "../contract/subject.ts";
import { defaultQueue, newTask, tiesOf } from "../support/new-task.ts";
import { acceptAt, openTwice, settleAt, storesTogetherCases } from "../support/stores-together.ts";
import { redisTests } from "./shared-store.ts";

const queue = { namespace: defaultNamespace, queue: defaultQueue };

redisTests((test) => {
  storesTogetherCases(test);

  test("of many claims of two servers each task goes to one, and whoever has it settles it anywhere", async (shared) => {
    const stores = await openTwice(shared);
    await acceptAt(stores[0], shared, ...Array.from({ length: 400 }, (_, i) => newTask(`task-${i}`)));
    const claims = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        (i % 2 === 0 ? stores[0] : stores[1]).claim(claimRequest(shared.now, { limit: 7 })),
      ),
    );
    const claimed = claims.flat();
    expect(new Set(claimed.map(({ id }) => id)).size).toBe(400);
    expect(claimed).toHaveLength(400);
    const verdicts = await Promise.all([
      settleAt(stores[0], shared, claimed.slice(0, 200)),
      settleAt(stores[1], shared, claimed.slice(200)),
    ]);
    expect(verdicts.flat().every(({ kind }) => kind === "applied")).toBe(true);
    expect((await stores[1].getQueue(queue))?.depth).toMatchObject({ ready: 0, leased: 0, succeeded: 400 });
  });

  test("neither a number of leases nor a rate is exceeded once, however both servers claim", async (shared) => {
    const [first, second] = await openTwice(shared);
    const ties = tiesOf({ limitKey: "tenant" });
    const limit: GateLimit = {
      ...{ namespace: defaultNamespace, kind: "key", subject: "tenant", updatedAt: shared.now },
      concurrency: 3,
      rate: { count: 5, periodMs: 1000, burst: 5 },
    };
    await first.putLimit(limit);
    await acceptAt(second, shared, ...Array.from({ length: 40 }, (_, i) => newTask(`task-${i}`, { ties })));
    const granted: number[] = [];
    for (let window = 0; granted.reduce((sum, count) => sum + count, 0) < 40 && window < 20; window += 1) {
      let count = 0;
      for (let more = 1; more > 0; ) {
        const claims = await Promise.all(
          [first, second, first, second].map((store) => store.claim(claimRequest(shared.now, { limit: 2 }))),
        );
        expect((await first.getLimit(limit))?.leased).toBeLessThanOrEqual(3);
        more = claims.flat().length;
        count += more;
        await settleAt(second, shared, claims.flat());
      }
      granted.push(count);
      shared.advance(1000);
      await second.openGates(shared.now);
    }
    expect(granted).toEqual([5, 5, 5, 5, 5, 5, 5, 5]);
  });

  test("what is paused, revoked or disabled at one server is so at the other", async (shared) => {
    const [first, second] = await openTwice(shared);
    const cancel = { reason: "not needed", requester: undefined, at: shared.now };
    await first.revoke([{ ref: refOf("revoked"), cancel, until: plus(shared.now, 1000) }], shared.now);
    await acceptAt(second, shared, newTask("revoked"), newTask("a"));
    expect(only(await first.readHeads([refOf("revoked")]))?.state).toBe("cancelled");
    await first.setPause(queue, { reason: "deploy", at: shared.now }, shared.now);
    expect(await second.claim(claimRequest(shared.now))).toEqual([]);
    await second.setPause(queue, undefined, shared.now);
    const record: NamespaceRecord = {
      ...{
        name: defaultNamespace,
        settings: unsaidNamespace,
        reason: "",
        createdAt: shared.now,
        revision: 1,
      },
      state: "disabled",
    };
    await second.createNamespace(record);
    expect(await first.claim(claimRequest(shared.now))).toEqual([]);
    expect(await acceptAt(first, shared, newTask("b"))).toEqual([{ refused: "namespace_disabled" }]);
    await first.updateNamespace({ ...record, state: "active", revision: 2 });
    expect(await second.claim(claimRequest(shared.now))).toHaveLength(1);
  });

  test("what is said of a name or a key at one server is so at the other", async (shared) => {
    const [first, second] = await openTwice(shared);
    const name = { namespace: defaultNamespace, kind: "name", subject: newTask("a").name } as const;
    await acceptAt(first, shared, newTask("a"));
    const pause = { reason: "deploy", at: shared.now, resumeAt: plus(shared.now, 1000) };
    while ((await first.setGatePause(name, pause, shared.now)) === "more");
    expect(await second.claim(claimRequest(shared.now))).toEqual([]);
    shared.advance(1000);
    await second.openGates(shared.now);
    expect(await first.getLimit(name)).toBeUndefined();
    expect(await first.claim(claimRequest(shared.now))).toHaveLength(1);
  });

  test("a quota and a bound are filled to the last place, and never beyond, however both servers enqueue", async (shared) => {
    const stores = await openTwice(shared);
    const settings = { ...unsaidNamespace, quotas: { ...unsaidNamespace.quotas, backlogTasks: 300 } };
    const said = { settings, state: "active", reason: "", createdAt: shared.now, revision: 1 } as const;
    await stores[0].createNamespace({ name: defaultNamespace, ...said });
    await stores[1].createQueue(queue, { description: "", backlogMax: 100, isClosed: false }, shared.now);
    const elsewhere = queueNameOf("elsewhere");
    const fill = async (of: string, details: Parameters<typeof newTask>[1]) => {
      const all = await Promise.all(
        Array.from({ length: 80 }, (_, i) => {
          const tasks = Array.from({ length: 5 }, (__, at) => newTask(`${of}-${i}-${at}`, details));
          return acceptAt(i % 2 === 0 ? stores[0] : stores[1], shared, ...tasks);
        }),
      );
      return all.flat().filter((verdict) => verdict === "accepted").length;
    };
    expect(await fill("bounded", {})).toBe(100);
    expect(await fill("other", { queue: elsewhere })).toBe(200);
    expect(await stores[0].readNamespaceUse(defaultNamespace)).toMatchObject({ backlogTasks: 300 });
  });

  test("readers of the log at both servers see the same, without a gap, while both write in two namespaces", async (shared) => {
    const stores = await openTwice(shared);
    const other = namespaceOf("other");
    let isWriting = true;
    const readAll = async (store: Store): Promise<TaskEvent[]> => {
      const events: TaskEvent[] = [];
      for (;;) {
        const wasWriting = isWriting;
        const page = await store.readEvents(events.at(-1)?.position, 7);
        events.push(...page.events);
        if (!wasWriting && page.events.length === 0) return events;
      }
    };
    const reading = Promise.all(stores.map(readAll));
    await Promise.all(
      stores.map(async (store, s) => {
        for (let i = 0; i < 40; i += 1) {
          await acceptAt(store, shared, newTask(`${s}-${i}`), newTask(`${s}-${i}`, { namespace: other }));
          await settleAt(store, shared, await store.claim(claimRequest(shared.now, { limit: 2 })));
        }
      }),
    );
    isWriting = false;
    const [seen, same] = await reading;
    expect(seen).toEqual(same);
    expect(seen).toHaveLength(80 * 3 + 80);
    for (const life of Map.groupBy(seen ?? [], ({ namespace, taskId }) => `${namespace} ${taskId}`).values())
      expect(life.map(({ revision }) => revision)).toEqual(life.map((_, i) => i + 1));
  });

  test("a namespace that one server deleted comes into being anew at another one that still knows its name", async (shared) => {
    const [first, second] = await openTwice(shared);
    await acceptAt(second, shared, newTask("a"));
    while ((await first.clearNamespace(defaultNamespace, shared.now, 10)) !== "gone");
    expect(await acceptAt(second, shared, newTask("b"))).toEqual(["accepted"]);
    expect((await first.expireOverdue(shared.now, 10)).seen).toBe(0);
    const claimed = only(await first.claim(claimRequest(shared.now)));
    shared.advance(lease.leaseMs + lease.graceMs + 1);
    expect((await first.expiredLeases(shared.now, 10)).map(({ id }) => id)).toEqual([claimed.id]);
  });
});
