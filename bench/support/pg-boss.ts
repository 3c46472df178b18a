import { PgBoss } from "pg-boss";
import { bulkRate, inThousands } from "./bulk.ts";
import { startChild } from "./child.ts";
import type { Sample } from "./measure.ts";
import { type BenchPostgres, withPostgres } from "./postgres.ts";
import { payload } from "./tasks.ts";

/** The queue that pg-boss works on. */
export const bossQueue = "bench";

/** A pg-boss that does nothing but what it is asked for. */
export const createBoss = (connectionString: string): PgBoss =>
  new PgBoss({ connectionString, supervise: false, schedule: false });

/** Tasks per second of `insert`, a thousand a call. */
export const bossBulk = (count: number): Promise<Sample> =>
  withBoss((boss, postgres) =>
    bulkRate(count, { enqueue: insertMany(boss), waiting: () => jobsIn(postgres, "created") }),
  );

/** Tasks per second of one process that fetches `count` no-ops that wait already, a batch at a time, and completes them. */
export const bossDrain = (count: number): Promise<Sample> =>
  withBoss(async (boss, postgres) => {
    await inThousands(count, insertMany(boss));
    await postgres.tidy();
    const worker = startChild("../processes/pg-boss-worker.ts", { url: postgres.url, count });
    const { seconds, handled } = await worker.next<{ seconds: number; handled: number }>();
    await worker.end();
    const completed = await jobsIn(postgres, "completed");
    return { value: count / seconds, delivered: handled === count && completed === count };
  });

const withBoss = <Result>(use: (boss: PgBoss, postgres: BenchPostgres) => Promise<Result>): Promise<Result> =>
  withPostgres(async (postgres) => {
    const boss = createBoss(postgres.url);
    await boss.start();
    try {
      await boss.createQueue(bossQueue);
      return await use(boss, postgres);
    } finally {
      await boss.stop({ graceful: false });
    }
  });

const insertMany = (boss: PgBoss) => (start: number, size: number) =>
  boss.insert(
    bossQueue,
    Array.from({ length: size }, (_, i) => ({ data: payload(start + i) })),
  );

const jobsIn = ({ count }: BenchPostgres, state: "created" | "completed"): Promise<number> =>
  count(`SELECT count(*) FROM pgboss.job WHERE state = '${state}'`);
