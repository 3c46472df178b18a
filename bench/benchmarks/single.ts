import { withBullmq } from "../support/bullmq.ts";
import { type Benchmark, inTurn, type Sample } from "../support/measure.ts";
import { withStem } from "../support/stem.ts";
import { noop, payload } from "../support/tasks.ts";

/** A hundred callers that each enqueue one task after the other. */
export const single: Benchmark = {
  name: "single",
  work: "20,000 single enqueues by 100 concurrent callers, against BullMQ's add; both warmed up with 10,000",
  unit: "tasks/s",
  bound: 1.5,
  run: (plan) =>
    inTurn(
      plan,
      () => ours(20_000 * plan.scale),
      () => peer(20_000 * plan.scale),
    ),
};

const callers = 100;
const warmUp = 10_000;

async function rateOf(count: number, enqueue: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count) await enqueue(next++);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: callers }, caller));
  return count / ((performance.now() - startedAt) / 1000);
}

const ours = (count: number): Promise<Sample> =>
  withStem(async ({ client, queue }) => {
    const enqueue = (n: number) => client.enqueue(noop, [payload(n)]);
    await rateOf(warmUp, enqueue);
    const value = await rateOf(count, enqueue);
    return { value, delivered: (await queue()).ready === warmUp + count };
  });

const peer = (count: number): Promise<Sample> =>
  withBullmq(async (queue) => {
    const add = (n: number) => queue.add("noop", payload(n));
    await rateOf(warmUp, add);
    const value = await rateOf(count, add);
    return { value, delivered: (await queue.getWaitingCount()) === warmUp + count };
  });
