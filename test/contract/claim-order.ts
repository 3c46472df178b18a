import { expect } from "vitest";
import { defaultNamespace, queueNameOf } from "../../server/src/model/ids.ts";
import { type QueueTier, type Subscription, tiersOf } from "../../server/src/model/queue-tier.ts";
import { newTask } from "../support/new-task.ts";
import type { Suite } from "./suite.ts";

const [red, blue, green] = [queueNameOf("red"), queueNameOf("blue"), queueNameOf("green")];
const queues = [red, blue, green];
const idsOf = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);

/** The order of the three queues, each with a mode and perhaps a weight. */
const ordered = (...modes: readonly (Subscription["mode"] | number)[]): readonly QueueTier[] | undefined =>
  tiersOf(
    modes.map((mode, at) => ({
      queue: queues[at] ?? red,
      mode: typeof mode === "number" ? "weighted" : mode,
      weight: typeof mode === "number" ? mode : 1,
    })),
  );

/** Tasks on their way out of queues that stand in an order. */
export function claimOrderCases({ case: test }: Suite): void {
  test("a strict queue is emptied before those behind it, whatever their priorities", async (subject) => {
    await subject.accept(
      newTask("green-9", { queue: green, priority: 9 }),
      newTask("blue-9", { queue: blue, priority: 9 }),
      newTask("red-0", { queue: red, priority: 0 }),
      newTask("red-5", { queue: red, priority: 5 }),
    );
    const tiers = ordered("strict", "strict", "merged");
    expect(idsOf(await subject.claim({ queues, tiers, limit: 3 }))).toEqual(["red-5", "red-0", "blue-9"]);
    await subject.accept(newTask("red-late", { queue: red, priority: 0 }));
    expect(idsOf(await subject.claim({ queues, tiers }))).toEqual(["red-late", "green-9"]);
  });

  test("queues without a mode are one, in the place of the first of them", async (subject) => {
    await subject.accept(
      newTask("green-1", { queue: green, priority: 1 }),
      newTask("red-2", { queue: red, priority: 2 }),
      newTask("green-3", { queue: green, priority: 3 }),
      newTask("blue", { queue: blue, priority: 9 }),
    );
    const tiers = ordered("merged", "strict", "merged");
    expect(idsOf(await subject.claim({ queues, tiers }))).toEqual(["green-3", "red-2", "green-1", "blue"]);
  });

  test("weighted queues take turns by weight, each in its own order, until one is empty", async (subject) => {
    const many = (queue: string, count: number) =>
      Array.from({ length: count }, (_, at) => newTask(`${queue}-${at}`, { queue: queueNameOf(queue) }));
    await subject.accept(
      ...many("red", 40),
      ...many("blue", 40),
      newTask("red-best", { queue: red, priority: 9 }),
    );
    const claimed = await subject.claim({ queues, tiers: ordered(3, 1), limit: 40 });
    const reds = idsOf(claimed.filter(({ queue }) => queue === red));
    expect(reds).toHaveLength(30);
    expect(reds.slice(0, 3)).toEqual(["red-best", "red-0", "red-1"]);
    expect(idsOf(claimed.slice(0, 4)).filter((id) => id.startsWith("blue"))).toEqual(["blue-0"]);
    const rest = await subject.claim({ queues, tiers: ordered(3, 1) });
    expect(idsOf(rest).filter((id) => id.startsWith("red"))).toHaveLength(11);
    expect(rest).toHaveLength(41);
  });

  test("a weighted queue that has had more than its share waits for the others", async (subject) => {
    await subject.accept(newTask("red", { queue: red }), newTask("blue", { queue: blue }));
    const shares = [
      { queue: red, weight: 1, taken: 1 },
      { queue: blue, weight: 1, taken: 0 },
    ];
    const tiers: QueueTier[] = [{ kind: "weighted", shares }];
    expect(idsOf(await subject.claim({ queues, tiers, limit: 1 }))).toEqual(["blue"]);
  });

  test("a paused queue is passed over in every order", async (subject) => {
    await subject.accept(...queues.map((queue) => newTask(queue, { queue })));
    const pause = { reason: "deploy", at: subject.now };
    await subject.store.setPause({ namespace: defaultNamespace, queue: red }, pause, subject.now);
    expect(
      idsOf(await subject.claim({ queues, tiers: ordered("strict", "merged", "merged"), limit: 1 })),
    ).toEqual(["blue"]);
    expect(idsOf(await subject.claim({ queues, tiers: ordered(5, 1, 1) }))).toEqual(["green"]);
  });

  test("contents that do not fit end a claim, and nothing behind is taken for its smaller size", async (subject) => {
    const content = new Uint8Array(1000);
    await subject.accept(
      newTask("red", { queue: red, content }),
      newTask("blue", { queue: blue, content }),
      newTask("green", { queue: green, content: new Uint8Array(1) }),
    );
    const tiers = ordered("strict", 1, "merged");
    expect(idsOf(await subject.claim({ queues, tiers, contentBytesMax: 1500 }))).toEqual(["red"]);
    expect(idsOf(await subject.claim({ queues, tiers, contentBytesMax: 1001 }))).toEqual(["blue", "green"]);
  });
}
