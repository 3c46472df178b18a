import type { Sample } from "./measure.ts";
import { noops, withStem } from "./stem.ts";

/** How one side enqueues a batch of no-ops, and tells how many of its tasks wait. */
export type BulkSide = {
  readonly enqueue: (start: number, size: number) => Promise<unknown>;
  readonly waiting: () => Promise<number>;
};

/** So many tasks before the clock is started. */
export const warmUp = 10_000;

/** Calls for a thousand at a time, one after the other, until `count` are done. */
export async function inThousands(count: number, call: BulkSide["enqueue"]): Promise<void> {
  for (let done = 0; done < count; done += 1000) await call(done, Math.min(1000, count - done));
}

/** Tasks per second of calls of a thousand, one after the other, on a side that was warmed up with 10,000. */
export async function bulkRate(count: number, { enqueue, waiting }: BulkSide): Promise<Sample> {
  await inThousands(warmUp, enqueue);
  const startedAt = performance.now();
  await inThousands(count, enqueue);
  const seconds = (performance.now() - startedAt) / 1000;
  return { value: count / seconds, delivered: (await waiting()) === warmUp + count };
}

/** The rate of our server, by default on SQLite. */
export const stemBulk = (count: number, store?: string): Promise<Sample> =>
  withStem(
    ({ client, queue }) =>
      bulkRate(count, {
        enqueue: (start, size) => client.enqueueMany(noops(start, size)),
        waiting: async () => (await queue()).ready,
      }),
    store,
  );
