// One process that fetches no-ops from pg-boss, a batch at a time, runs them at once, and completes them with one call. It has two batches in
// hand, so that one is fetched while the other is completed. Tells the seconds between the first start and the last return, once all is done.

import { settings, tell } from "../support/child.ts";
import { bossQueue, createBoss } from "../support/pg-boss.ts";

const { url, count } = settings<{ url: string; count: number }>();
const batchSize = 500;

let handled = 0;
let startedAt = 0;
let endedAt = 0;
async function handle(): Promise<void> {
  if (handled++ === 0) startedAt = performance.now();
  if (handled === count) endedAt = performance.now();
}

const boss = createBoss(url);
await boss.start();
process.once("SIGTERM", async () => {
  await boss.stop({ graceful: false });
  process.exit(0);
});

async function takeInTurn(): Promise<void> {
  while (handled < count) {
    const jobs = await boss.fetch(bossQueue, { batchSize });
    await Promise.all(jobs.map(handle));
    const ids = jobs.map(({ id }) => id);
    if (ids.length > 0) await boss.complete(bossQueue, ids);
  }
}

await Promise.all([takeInTurn(), takeInTurn()]);
tell({ seconds: (endedAt - startedAt) / 1000, handled });
