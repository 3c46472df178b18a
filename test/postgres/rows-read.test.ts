import { expect } from "vitest";
import { defaultNamespace, queueNameOf } from "../../server/src/model/ids.ts";
import type { Store } from "../../server/src/ports/store.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { claimRequest, settlementOf } from "../contract/subject.ts";
import { defaultQueue, newTask, type TaskDetails, tiesOf } from "../support/new-task.ts";
import { postgresTests, type SharedStore } from "./shared-store.ts";
import { statistic } from "./statistics.ts";

const done = { kind: "succeeded", result: undefined } as const;
const queue = { namespace: defaultNamespace, queue: defaultQueue };
/** More often than Postgres plans for what it is asked with: from then on its plan is for any number of tasks. */
const times = 12;

const claim = (store: Store, { now }: SharedStore, limit: number): Promise<readonly Claimed[]> =>
  store.claim(claimRequest(now, { limit }));

const tied: TaskDetails = { ties: tiesOf({ limitKey: "key" }) };

/** How many rows of a table were found by their numbers. */
const rowsRead = (shared: SharedStore, table = "tasks"): Promise<number> =>
  statistic(
    shared,
    `SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE indexrelname = '${table}_pkey'`,
  );

/** A thousand tasks that have ended before a thousand that wait, when Postgres last took note while all of them waited. */
async function afterThousand(shared: SharedStore, details: TaskDetails = {}): Promise<void> {
  const store = await shared.open();
  const tasks = Array.from({ length: 2000 }, (_, i) => newTask(`task-${i}`, details));
  await store.accept({ tasks, now: shared.now, atomic: false });
  await shared.server.sql("ANALYZE");
  const claimed = await claim(store, shared, 1000);
  await store.settle(claimed.map((each) => settlementOf(each, done, shared.now)));
  await store.close();
}

postgresTests((test) => {
  test("a claim does not go through what has ended before", async (shared) => {
    await afterThousand(shared);
    const before = await rowsRead(shared);
    const store = await shared.open();
    for (let i = 0; i < times; i += 1) expect(await claim(store, shared, 10)).toHaveLength(10);
    await store.close();
    expect((await rowsRead(shared)) - before).toBeLessThan(times * 100);
  });

  test("a claim of tied tasks does not go through what has ended before", async (shared) => {
    await afterThousand(shared, tied);
    const before = await rowsRead(shared);
    const store = await shared.open();
    for (let i = 0; i < times; i += 1) expect(await claim(store, shared, 10)).toHaveLength(10);
    await store.close();
    expect((await rowsRead(shared)) - before).toBeLessThan(times * 200);
  });

  test("what is looked for among tied tasks of a queue is not looked for in others", async (shared) => {
    const filling = await shared.open();
    const other = { queue: queueNameOf("other"), ...tied };
    const tasks = Array.from({ length: 4000 }, (_, i) => newTask(`task-${i}`, i < 2000 ? other : tied));
    await filling.accept({ tasks, now: shared.now, atomic: false });
    await filling.close();
    await shared.server.sql("ANALYZE");
    const before = await rowsRead(shared, "ties");
    const store = await shared.open();
    for (let i = 0; i < times; i += 1) {
      expect((await store.getQueue(queue))?.oldestReadyAt).toBe(shared.now);
      expect(await store.purge(queue, 4000, shared.now, 10)).toBe(10);
    }
    await store.close();
    expect((await rowsRead(shared, "ties")) - before).toBeLessThan(times * 200);
  });

  test("a look at a queue does not go through its tasks", async (shared) => {
    await afterThousand(shared);
    const before = await rowsRead(shared);
    const store = await shared.open();
    for (let i = 0; i < times; i += 1) expect((await store.getQueue(queue))?.oldestReadyAt).toBe(shared.now);
    await store.close();
    expect((await rowsRead(shared)) - before).toBeLessThan(times * 100);
  });
});
