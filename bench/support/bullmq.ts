import { Queue } from "bullmq";
import { startChild } from "./child.ts";
import type { Sample } from "./measure.ts";
import { startRedis } from "./redis.ts";
import { payload } from "./tasks.ts";

/** The queue that BullMQ's side works on. */
export const peerQueue = "bench";

/** Gives `use` an empty BullMQ queue on a Redis of its own. */
export async function withBullmq<Result>(
  use: (queue: Queue, port: number) => Promise<Result>,
): Promise<Result> {
  const redis = await startRedis();
  const queue = new Queue(peerQueue, {
    connection: { host: "127.0.0.1", port: redis.port },
    defaultJobOptions: { removeOnComplete: false },
  });
  try {
    return await use(queue, redis.port);
  } finally {
    await queue.close();
    await redis.stop();
  }
}

/** Fills a BullMQ queue by `addBulk`, a thousand a call. */
export async function fillBullmq(queue: Queue, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1000) {
    const size = Math.min(1000, count - done);
    await queue.addBulk(Array.from({ length: size }, (_, i) => ({ name: "noop", data: payload(done + i) })));
  }
}

/** Tasks per second of one BullMQ worker process at concurrency 100 on `count` no-ops that wait already. */
export function bullmqDrain(count: number): Promise<Sample> {
  return withBullmq(async (queue, port) => {
    await fillBullmq(queue, count);
    const worker = startChild("../processes/bullmq-worker.ts", { port, count, concurrency: 100 });
    const { seconds, handled } = await worker.next<{ seconds: number; handled: number }>();
    await worker.end();
    const completed = await queue.getCompletedCount();
    return { value: count / seconds, delivered: handled === count && completed === count };
  });
}
