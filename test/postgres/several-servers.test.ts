import { expect } from "vitest";
import type { TaskEvent } from "../../server/src/model/event.ts";
import type { GateLimit } from "../../server/src/model/gate.ts";
import { defaultNamespace, plus } from "../../server/src/model/ids.ts";
import type { Store } from "../../server/src/ports/store.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { claimRequest, only, refOf } from "../contract/subject.ts";
import { defaultQueue, newTask, tiesOf } from "../support/new-task.ts";
import { acceptAt, openTwice, settleAt, storesTogetherCases } from "../support/stores-together.ts";
import { postgresTests } from "./shared-store.ts";

const queue = { namespace: defaultNamespace, queue: defaultQueue };

const idsOf = (claimed: readonly Claimed[]): string[] => claimed.map(({ id }) => id);

postgresTests((test) => {
  storesTogetherCases(test);

  test("of many claims of two servers each task goes to one, and whoever has it settles it anywhere", async (shared) => {
    const [first, second] = await openTwice(shared);
    await acceptAt(first, shared, ...Array.from({ length: 400 }, (_, i) => newTask(`task-${i}`)));
    const claims = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        (i % 2 === 0 ? first : second).claim(claimRequest(shared.now, { limit: 10, worker: `worker-${i}` })),
      ),
    );
    const claimed = claims.flat();
    // A claim passes over what another one is about to take; what is left then is there for the next.
    for (let more = await first.claim(claimRequest(shared.now)); more.length > 0; ) {
      claimed.push(...more);
      more = await first.claim(claimRequest(shared.now));
    }
    expect(new Set(idsOf(claimed)).size).toBe(400);
    expect(claimed).toHaveLength(400);
    const [half, other] = [claimed.slice(0, 200), claimed.slice(200)];
    const verdicts = await Promise.all([settleAt(first, shared, half), settleAt(second, shared, other)]);
    expect(verdicts.flat().every(({ kind }) => kind === "applied")).toBe(true);
    const found = await second.getQueue(queue);
    expect(found?.depth).toMatchObject({ ready: 0, leased: 0, succeeded: 400 });
  });

  test("a limit holds over both servers, also for the one where it was not put", async (shared) => {
    const [first, second] = await openTwice(shared);
    const ties = tiesOf({ limitKey: "tenant" });
    await acceptAt(first, shared, ...Array.from({ length: 60 }, (_, i) => newTask(`t${i}`, { ties })));
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
        await settleAt(store, shared, claimed);
        settled += claimed.length;
      }
    };
    await Promise.all([work(first), work(second), work(first), work(second)]);
    expect(settled).toBe(60);
    expect(Math.max(...leasedNow)).toBe(3);
  });

  test("what is paused, revoked or named at one server is so at the other", async (shared) => {
    const [first, second] = await openTwice(shared);
    const cancel = { reason: "not needed", requester: undefined, at: shared.now };
    await first.revoke([{ ref: refOf("revoked"), cancel, until: plus(shared.now, 1000) }], shared.now);
    await acceptAt(second, shared, newTask("revoked"), newTask("a"), newTask("b", { priority: 9 }));
    expect(only(await first.readHeads([refOf("revoked")]))?.state).toBe("cancelled");
    await first.setPause(queue, { reason: "deploy", at: shared.now }, shared.now);
    expect(await second.claim(claimRequest(shared.now))).toEqual([]);
    await first.setPause(queue, undefined, shared.now);
    const name = { namespace: defaultNamespace, kind: "name", subject: "mail.send" } as const;
    const none: GateLimit = { ...name, concurrency: 0, rate: undefined, updatedAt: shared.now };
    while ((await first.putLimit(none)) === "more");
    expect(await second.claim(claimRequest(shared.now))).toEqual([]);
    await acceptAt(second, shared, newTask("c"));
    expect(await first.claim(claimRequest(shared.now))).toEqual([]);
    while ((await second.deleteLimit(name, shared.now)) === "more");
    expect(idsOf(await first.claim(claimRequest(shared.now)))).toEqual(["b", "a", "c"]);
  });

  test("a reader of the log misses nothing while both servers write, and each task's events come in order", async (shared) => {
    const stores = await openTwice(shared);
    const events: TaskEvent[] = [];
    let isWriting = true;
    const reading = (async () => {
      for (;;) {
        const wasWriting = isWriting;
        const page = await stores[0].readEvents(events.at(-1)?.position, 100);
        events.push(...page.events);
        if (!wasWriting && page.events.length === 0) return;
      }
    })();
    await Promise.all(
      stores.map(async (store, s) => {
        for (let i = 0; i < 60; i += 1) {
          await acceptAt(store, shared, newTask(`${s}-${i}`));
          const claimed = await store.claim(claimRequest(shared.now, { limit: 2 }));
          await settleAt(store, shared, claimed);
        }
      }),
    );
    isWriting = false;
    await reading;
    const { tasks } = await stores[1].list({
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
});
