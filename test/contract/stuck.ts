import { expect } from "vitest";
import { newTask, tiesOf } from "../support/new-task.ts";
import { putLimit } from "./limits.ts";
import { refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const idsOf = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);

/** Thousands of tasks of the highest priority that are tied alike, and ten free ones behind them. */
async function fill(subject: Subject, thousands: number, ties: ReturnType<typeof tiesOf>): Promise<void> {
  for (let i = 0; i < thousands; i += 1)
    await subject.accept(
      ...Array.from({ length: 1000 }, (_, j) => newTask(`stuck-${i}-${j}`, { priority: 9, ties })),
    );
  await subject.accept(...Array.from({ length: 10 }, (_, i) => newTask(`free-${i}`, { priority: 0 })));
}

/** What a claim would look at before it comes to a task. */
const lookedAt = async ({ store }: Subject, id: string): Promise<number | undefined> =>
  (await store.readStanding(refOf(id), 1_000_000))?.ahead;

/** What cannot go stands apart from what a claim looks at, so that it costs those behind it nothing, however much it is. */
export function stuckCases({ case: test }: Suite): void {
  test(
    "a hundred thousand tasks at a closed gate are not among those that a claim looks at, until it opens",
    async (subject) => {
      await putLimit(subject, "key", "stuck", { concurrency: 0 });
      await fill(subject, 100, tiesOf({ limitKey: "stuck" }));
      expect(await lookedAt(subject, "free-0")).toBe(0);
      expect(await lookedAt(subject, "free-9"), "the others that are free").toBe(9);
      expect(idsOf(await subject.claim({ limit: 3 }))).toEqual(["free-0", "free-1", "free-2"]);
      await putLimit(subject, "key", "stuck", { concurrency: 2 });
      expect(await lookedAt(subject, "free-9"), "as many come out as may go").toBe(2 + 6);
      expect(idsOf(await subject.claim({ limit: 3 }))).toEqual(["stuck-0-0", "stuck-0-1", "free-3"]);
    },
    { timeoutMs: 120_000 },
  );

  test(
    "ten thousand tasks of one order are not either: one of them is",
    async (subject) => {
      await fill(subject, 10, tiesOf({ orderingKey: "book" }));
      expect(await lookedAt(subject, "free-9")).toBe(1 + 9);
      expect(idsOf(await subject.claim({ limit: 2 }))).toEqual(["stuck-0-0", "free-0"]);
    },
    { timeoutMs: 120_000 },
  );
}
