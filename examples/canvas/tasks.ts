import { defineTask } from "@stem/sdk";

/** How many words a text has. */
export const words = defineTask<[text: string], number>({
  name: "text.words",
  options: { maxAttempts: 1 },
});

/** What numbers come to. */
export const total = defineTask<[numbers: readonly number[]], number>({ name: "text.total" });

/** A number in a sentence. */
export const sentence = defineTask<[what: string, count: number], string>({ name: "text.sentence" });
