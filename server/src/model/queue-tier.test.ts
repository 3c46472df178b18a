import { describe, expect, test } from "vitest";
import { type QueueName, queueNameOf } from "./ids.ts";
import { afterTaking, dealTurns, type QueueShare, type Subscription, tiersOf } from "./queue-tier.ts";

const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(queueNameOf) as [
  QueueName,
  QueueName,
  QueueName,
  QueueName,
  QueueName,
];
const share = (queue: QueueName, weight: number, taken = 0): QueueShare => ({ queue, weight, taken });
const subscribed = (queue: QueueName, mode: Subscription["mode"] = "merged", weight = 1): Subscription => ({
  queue,
  mode,
  weight,
});

describe("subscriptions", () => {
  test("without a mode are as one, and have no tiers", () => {
    expect(tiersOf([subscribed(a), subscribed(b)])).toBeUndefined();
  });

  test("stand in the order listed, those of one mode together, strict ones each alone", () => {
    const tiers = tiersOf([
      subscribed(a, "strict"),
      subscribed(b, "weighted", 3),
      subscribed(c),
      subscribed(d, "strict"),
      subscribed(e, "weighted", 2),
    ]);
    expect(tiers).toEqual([
      { kind: "merged", queues: [a] },
      { kind: "weighted", shares: [share(b, 3), share(e, 2)] },
      { kind: "merged", queues: [c] },
      { kind: "merged", queues: [d] },
    ]);
  });
});

/** Deals one task at a time, as a worker with one slot gets them. */
function dealOneByOne(
  shares: readonly QueueShare[],
  count: number,
  has: (turn: number, queue: QueueName) => boolean,
) {
  const given = new Map<QueueName, number>();
  let now = shares;
  for (let turn = 0; turn < count; turn++) {
    const dealt = dealTurns(now, 1, (queue) => (has(turn, queue) ? queue : undefined));
    for (const queue of dealt) given.set(queue, (given.get(queue) ?? 0) + 1);
    now = afterTaking(now, dealt);
  }
  return { given, now };
}

describe("weighted queues", () => {
  test("get their shares, one task at a time", () => {
    const { given } = dealOneByOne([share(a, 3), share(b, 1)], 10_000, () => true);
    expect(given).toEqual(
      new Map([
        [a, 7500],
        [b, 2500],
      ]),
    );
  });

  test("get their shares within a batch", () => {
    const dealt = dealTurns([share(a, 3), share(b, 1)], 100, (queue) => queue);
    expect(dealt.filter((queue) => queue === a)).toHaveLength(75);
  });

  test("give what one has no tasks for to the others", () => {
    let left = 2;
    const dealt = dealTurns([share(a, 100), share(b, 1)], 10, (queue) =>
      queue === a && left-- <= 0 ? undefined : queue,
    );
    expect(dealt.filter((queue) => queue === a)).toHaveLength(2);
    expect(dealt).toHaveLength(10);
  });

  test("save up no turns while they are empty", () => {
    const { now } = dealOneByOne([share(a, 1), share(b, 1)], 1000, (_, queue) => queue === a);
    const { given } = dealOneByOne(now, 100, () => true);
    expect(given.get(b)).toBeLessThanOrEqual(51);
  });
});
