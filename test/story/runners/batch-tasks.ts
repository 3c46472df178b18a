import { threadId } from "node:worker_threads";
import { defineTask } from "@stem/sdk";
import { implementBatch, type TaskContext } from "@stem/worker";

/** Batch handlers for every runner. */

/** Which process and thread this is. */
const here = (): string => `${process.pid}/${threadId}`;

const often = { sizeMax: 4, waitMs: 60_000 };

export type Told = { readonly place: string; readonly size: number };

/** What a word does with its task, in the one call that gets all of them. */
export const words = defineTask<[word: string], Told | string>({
  name: "words",
  options: { maxAttempts: 1 },
});

const abortOf = ({ signal }: TaskContext): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason), { once: true }));

export const wordsTogether = implementBatch(words, often, async (items) => {
  const told: Told = { place: here(), size: items.length };
  const all = items.map(async ({ ctx, args: [word], succeed, fail }) => {
    if (word === "bad") return fail(new RangeError("not a word"));
    if (word === "now") return succeed(told);
    ctx.progress({ message: told.place });
    if (word === "stop") return succeed(String((await abortOf(ctx)) instanceof Error));
    // Only the worker can end these.
    if (word === "never") return new Promise(() => void setInterval(() => undefined, 1000));
    if (word === "late") return until(items.map(({ ctx }) => ctx)).then(() => succeed(told));
    return abortOf(ctx).then(() => process.exit(3));
  });
  await Promise.all(all);
});

/** When one of these was told to stop. */
const until = (contexts: readonly TaskContext[]): Promise<unknown> => Promise.race(contexts.map(abortOf));

export const batchTasks = [wordsTogether];
