import type { CanvasDraft, DraftLeaf } from "../../broker/broker.ts";
import { Digest } from "../../lib/digest.ts";
import type { Namespace } from "../../model/ids.ts";

/** A text for all that trees say, but for traces and families: what makes two of them the same. */
export function digestOfDrafts(
  drafts: readonly CanvasDraft[],
  namespace: Namespace,
  ...more: string[]
): string {
  const words = new Digest();
  for (const word of [namespace, ...more]) words.add(word);
  for (const draft of drafts) say(draft, words);
  return words.text();
}

/** Says what a tree says, one word after the other. */
function say(draft: CanvasDraft, words: Digest): void {
  words.add(draft.kind);
  if (draft.kind === "task") {
    sayLeaf(draft, words);
    return;
  }
  if (draft.kind === "group") {
    words.add(draft.onMemberFailure);
    words.add(draft.isOpen ? "open" : "sealed");
  }
  words.add(`${draft.callbacks.length}`);
  for (const callback of draft.callbacks) {
    words.add(callback.on);
    sayLeaf(callback, words);
  }
  const below = draft.kind === "chain" ? draft.steps : draft.members;
  const bulk = draft.kind === "group" ? draft.bulk : undefined;
  words.add(`${below.length + (bulk?.count ?? 0)}`);
  for (const each of below) say(each, words);
  if (bulk !== undefined) for (const slice of bulk.slices()) for (const leaf of slice) sayTask(leaf, words);
}

/** A task in bulk, as it would be said among the others. */
function sayTask(leaf: DraftLeaf, words: Digest): void {
  words.add("task");
  sayLeaf(leaf, words);
}

function sayLeaf({ submission, hands }: DraftLeaf, words: Digest): void {
  const { id, start, content, contentHash } = submission;
  // A skew is in no task's own content.
  const delay = start !== undefined && "delayMs" in start ? `${start.delayMs}` : "";
  // Most tasks have nothing of that: a large tree is said in a third of the words.
  if (id === undefined && delay === "" && hands === undefined) words.add("plain");
  else
    for (const word of [
      "said",
      id ?? "",
      delay,
      hands === undefined ? "ignored" : "handed",
      hands?.member ?? "",
    ])
      words.add(word);
  words.add(contentHash ?? content);
}
