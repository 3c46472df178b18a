// One process that fetches no-ops from pg-boss, a batch at a time, and completes them. Tells the seconds between the first start and the last
// completion.

import { settings, tell } from "../support/child.ts";
import { bossQueue, createBoss } from "../support/pg-boss.ts";

const { url, count, batchSize = 500, lanes = 1 } = settings<{ url: string; count: number; batchSize?: number; lanes?: number }>();

let handled = 0;
let startedAt = 0;
const handler = async (): Promise<void> => {
  if (handled++ === 0) startedAt = performance.now();
};
const boss = createBoss(url);
await boss.start();
process.once("SIGTERM", () => boss.stop({ graceful: false }).then(() => process.exit(0)));
const lane = async (): Promise<void> => {
  while (handled < count) {
    const jobs = await boss.fetch(bossQueue, { batchSize });
    await Promise.all(jobs.map(handler));
    await boss.complete(bossQueue, jobs.map(({ id }) => id));
  }
};
await Promise.all(Array.from({ length: lanes }, lane));
tell({ seconds: (performance.now() - startedAt) / 1000, handled });
