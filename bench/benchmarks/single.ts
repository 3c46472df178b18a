import { withBullmq } from "../support/bullmq.ts";
import { type Benchmark, type Sample, sideBySide } from "../support/measure.ts";
import { withStem } from "../support/stem.ts";
import { noop, payload } from "../support/tasks.ts";

/** A hundred callers that each enqueue one task after the other. */
export const single: Benchmark = {
  name: "single",
  work: "20,000 single enqueues by 100 concurrent callers, against BullMQ's add",
  unit: "tasks/s",
  bound: 1.5,
  run: (plan) =>
    sideBySide(
      plan,
      () => ours(20_000 * plan.scale),
      () => peer(20_000 * plan.scale),
    ),
};

const callers = 100;

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
    const value = await rateOf(count, (n) => client.enqueue(noop, [payload(n)]));
    return { value, delivered: (await queue()).ready === count };
  });

const peer = (count: number): Promise<Sample> =>
  withBullmq(async (queue) => {
    const value = await rateOf(count, (n) => queue.add("noop", payload(n)));
    return { value, delivered: (await queue.getWaitingCount()) === count };
  });
