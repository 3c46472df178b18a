import type { CanvasDraft, DraftLeaf } from "../../broker/broker.ts";
import { digestOf } from "../../lib/digest.ts";
import type { Namespace } from "../../model/ids.ts";

/** A text for all that trees say, but for traces and families: what makes two of them the same. */
export const digestOfDrafts = (
  drafts: readonly CanvasDraft[],
  namespace: Namespace,
  ...more: string[]
): string => {
  const words: Word[] = [namespace, ...more];
  for (const draft of drafts) say(draft, words);
  return digestOf(words);
};

type Word = string | Uint8Array;

/** Says what a tree says, one word after the other. */
function say(draft: CanvasDraft, words: Word[]): void {
  words.push(draft.kind);
  if (draft.kind === "task") {
    sayLeaf(draft, words);
    return;
  }
  if (draft.kind === "group") words.push(draft.onMemberFailure, draft.isOpen ? "open" : "sealed");
  words.push(`${draft.callbacks.length}`);
  for (const callback of draft.callbacks) {
    words.push(callback.on);
    sayLeaf(callback, words);
  }
  const below = draft.kind === "chain" ? draft.steps : draft.members;
  const bulk = draft.kind === "group" ? draft.bulk : undefined;
  words.push(`${below.length + (bulk?.count ?? 0)}`);
  for (const each of below) say(each, words);
  if (bulk === undefined) return;
  for (const slice of bulk.slices())
    for (const leaf of slice) {
      words.push("task");
      sayLeaf(leaf, words);
    }
}

function sayLeaf({ submission, hands }: DraftLeaf, words: Word[]): void {
  const { id, start, content, contentHash } = submission;
  // A skew is in no task's own content.
  const delay = start !== undefined && "delayMs" in start ? `${start.delayMs}` : "";
  // Most tasks have nothing of that: a large tree is said in a third of the words.
  if (id === undefined && delay === "" && hands === undefined) words.push("plain");
  else words.push("said", id ?? "", delay, hands === undefined ? "ignored" : "handed", hands?.member ?? "");
  words.push(contentHash ?? content);
}
