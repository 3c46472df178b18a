import type { QueueName } from "./ids.ts";

/** A queue as a worker serves it, among its others. `weight` means something to weighted ones only. */
export type Subscription = {
  readonly queue: QueueName;
  readonly mode: "merged" | "strict" | "weighted";
  readonly weight: number;
};

/** A weighted queue, and how much it has had: each task counts 1/weight. */
export type QueueShare = { readonly queue: QueueName; readonly weight: number; readonly taken: number };

/** Queues that hand out side by side: as if they were one, or each its share. */
export type QueueTier =
  | { readonly kind: "merged"; readonly queues: readonly QueueName[] }
  | { readonly kind: "weighted"; readonly shares: readonly QueueShare[] };

/**
 * The order in which subscriptions hand out: an earlier tier's tasks before a later one's. A strict queue is a tier of its own; those of
 * the other modes stand together, each mode where the first of it is listed. Undefined: all queues are as one.
 */
export function tiersOf(subscriptions: readonly Subscription[]): readonly QueueTier[] | undefined {
  if (subscriptions.every(({ mode }) => mode === "merged")) return undefined;
  const groups = Map.groupBy(subscriptions, ({ mode, queue }) =>
    mode === "strict" ? `strict ${queue}` : mode,
  );
  return [...groups.values()].map((group): QueueTier => {
    if (group[0]?.mode !== "weighted") return { kind: "merged", queues: group.map(({ queue }) => queue) };
    return { kind: "weighted", shares: group.map(({ queue, weight }) => ({ queue, weight, taken: 0 })) };
  });
}

/** The same shares after one of them had a task for each of these queues; others are left as they are. */
export function afterTaking(shares: readonly QueueShare[], queues: readonly QueueName[]): QueueShare[] {
  const counts = new Map<QueueName, number>();
  for (const queue of queues) counts.set(queue, (counts.get(queue) ?? 0) + 1);
  const taken = shares.map((share) => share.taken + (counts.get(share.queue) ?? 0) / share.weight);
  // Nobody saves up turns while it has no tasks: it is behind by one step at most, as those are that always have some.
  const lagMax = 1 / Math.min(...shares.map(({ weight }) => weight));
  const floor = Math.max(...taken) - lagMax;
  // Counted from the floor, so that the numbers stay small.
  return shares.map((share, at) => ({ ...share, taken: Math.max(0, (taken[at] ?? 0) - floor) }));
}

/**
 * Takes up to `limit` tasks, each from the queue that has had least for its weight, the one listed first among equals. `next` takes
 * a queue's next task; a queue without one leaves the round.
 */
export function dealTurns<T>(
  shares: readonly QueueShare[],
  limit: number,
  next: (queue: QueueName) => T | undefined,
): T[] {
  const round = shares.map(({ queue, weight, taken }) => ({ queue, weight, taken }));
  const dealt: T[] = [];
  while (dealt.length < limit) {
    const turn = leastTaken(round);
    if (turn === undefined) break;
    const item = next(turn.queue);
    if (item === undefined) round.splice(round.indexOf(turn), 1);
    else {
      turn.taken += 1 / turn.weight;
      dealt.push(item);
    }
  }
  return dealt;
}

function leastTaken<S extends { readonly taken: number }>(round: readonly S[]): S | undefined {
  let [least] = round;
  for (const share of round) if (least !== undefined && share.taken < least.taken) least = share;
  return least;
}

/** The same tiers after some of their tasks were taken. */
export const tiersAfter = (
  tiers: readonly QueueTier[],
  taken: readonly { readonly queue: QueueName }[],
): readonly QueueTier[] =>
  tiers.map((tier) =>
    tier.kind === "merged"
      ? tier
      : {
          ...tier,
          shares: afterTaking(
            tier.shares,
            taken.map(({ queue }) => queue),
          ),
        },
  );
