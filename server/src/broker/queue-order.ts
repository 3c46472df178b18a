import type { QueueName } from "../model/ids.ts";
import { afterTaking, type QueueTier, type Subscription, tiersOf } from "../model/queue-tier.ts";

/** In which order a worker's queues hand out, and how much the weighted ones have had. */
export type QueueOrder = {
  /** The order of the next claim. */
  readonly tiers: readonly QueueTier[];
  /** A claim brought tasks of these queues. */
  note(taken: readonly { readonly queue: QueueName }[]): void;
};

/** Keeps the order of some subscriptions; undefined where all queues are as one, as most workers have it. */
export function createQueueOrder(subscriptions: readonly Subscription[]): QueueOrder | undefined {
  const first = tiersOf(subscriptions);
  if (first === undefined) return undefined;
  let tiers = first;
  return {
    get tiers() {
      return tiers;
    },
    note(taken) {
      const queues = taken.map(({ queue }) => queue);
      tiers = tiers.map((tier) =>
        tier.kind === "weighted" ? { ...tier, shares: afterTaking(tier.shares, queues) } : tier,
      );
    },
  };
}
