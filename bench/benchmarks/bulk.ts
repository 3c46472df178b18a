import type { StemClient } from "@stem/sdk";
import { fillBullmq, withBullmq } from "../support/bullmq.ts";
import { type Benchmark, type Sample, sideBySide } from "../support/measure.ts";
import { noops, withStem } from "../support/stem.ts";

/** Enqueueing a thousand a call, one call after the other. */
export const bulk: Benchmark = {
  name: "bulk",
  work: "50,000 no-ops enqueued a thousand a call, call after call, against BullMQ's addBulk; both warmed up with 10,000",
  unit: "tasks/s",
  bound: 3,
  run: (plan) =>
    sideBySide(
      plan,
      () => ours(50_000 * plan.scale),
      () => peer(50_000 * plan.scale),
    ),
};

const warmUp = 10_000;

const ours = (count: number): Promise<Sample> =>
  withStem(async ({ client, queue }) => {
    await fillStemInTurn(client, warmUp);
    const startedAt = performance.now();
    await fillStemInTurn(client, count);
    const seconds = (performance.now() - startedAt) / 1000;
    return { value: count / seconds, delivered: (await queue()).ready === warmUp + count };
  });

async function fillStemInTurn(client: StemClient, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1000)
    await client.enqueueMany(noops(done, Math.min(1000, count - done)));
}

const peer = (count: number): Promise<Sample> =>
  withBullmq(async (queue) => {
    await fillBullmq(queue, warmUp);
    const startedAt = performance.now();
    await fillBullmq(queue, count);
    const seconds = (performance.now() - startedAt) / 1000;
    return { value: count / seconds, delivered: (await queue.getWaitingCount()) === warmUp + count };
  });
