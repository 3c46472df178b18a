import { Queue } from "bullmq";
import { bulkRate, inThousands } from "./bulk.ts";
import { startChild } from "./child.ts";
import type { Sample } from "./measure.ts";
import { type RedisKeeping, withRedis } from "./redis.ts";
import { payload } from "./tasks.ts";

/** The queue that BullMQ's side works on. */
export const peerQueue = "bench";

/** Gives `use` an empty BullMQ queue on a Redis of its own, which by default keeps nothing: its fastest setting. */
export const withBullmq = <Result>(
  use: (queue: Queue, port: number) => Promise<Result>,
  keeping: RedisKeeping = "nothing",
): Promise<Result> =>
  withRedis(keeping, async ({ port }) => {
    const queue = new Queue(peerQueue, {
      connection: { host: "127.0.0.1", port },
      defaultJobOptions: { removeOnComplete: false },
    });
    try {
      return await use(queue, port);
    } finally {
      await queue.close();
    }
  });

const addMany = (queue: Queue) => (start: number, size: number) =>
  queue.addBulk(Array.from({ length: size }, (_, i) => ({ name: "noop", data: payload(start + i) })));

/** Tasks per second of `addBulk`, a thousand a call. */
export const bullmqBulk = (count: number, keeping?: RedisKeeping): Promise<Sample> =>
  withBullmq(
    (queue) => bulkRate(count, { enqueue: addMany(queue), waiting: () => queue.getWaitingCount() }),
    keeping,
  );

/** Tasks per second of one BullMQ worker process at concurrency 100 on `count` no-ops that wait already. */
export const bullmqDrain = (count: number, keeping?: RedisKeeping): Promise<Sample> =>
  withBullmq(async (queue, port) => {
    await inThousands(count, addMany(queue));
    const worker = startChild("../processes/bullmq-worker.ts", { port, count, concurrency: 100 });
    const { seconds, handled } = await worker.next<{ seconds: number; handled: number }>();
    await worker.end();
    const completed = await queue.getCompletedCount();
    return { value: count / seconds, delivered: handled === count && completed === count };
  }, keeping);
