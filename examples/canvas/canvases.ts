import {
  type BatchHandle,
  type CanvasSubmitter,
  chain,
  chord,
  group,
  map,
  type ParentFailure,
} from "@stem/sdk";
import { sentence, total, words } from "./tasks.ts";

/** A chain: what a task returns is the last argument of the next one. */
export const wordsInWords = (text: string) => chain(words.signature([text]), sentence.s(["words"]));

/** A group: side by side. Leaves a tuple of both counts. */
export const wordsOfBoth = (left: string, right: string) =>
  group(words.signature([left]), words.signature([right]));

/** A chord: one task for each text, and one for the list of their counts. */
export const wordsOfAll = (texts: readonly string[]) => chord(map(words, texts), total.s());

/**
 * A batch: tasks that are watched as one, and added to as they come. One that fails does not make it fail: its failure is among the
 * results.
 */
export async function countAsTheyCome(
  stem: CanvasSubmitter,
  first: readonly string[],
  others: AsyncIterable<string>,
): Promise<BatchHandle<number, number | ParentFailure>> {
  const batch = await stem.batch(
    first.map((text) => words.signature([text])),
    { name: "words", open: true, onMemberFailure: "carry_on" },
  );
  for await (const text of others) await batch.add(words.signature([text]));
  await batch.seal();
  return batch;
}
