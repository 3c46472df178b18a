import type { CanvasDraft, DraftLeaf } from "../../broker/broker.ts";
import { digestOf } from "../../lib/digest.ts";
import type { Namespace } from "../../model/ids.ts";

/** A text for all that trees say, but for traces and families: what makes two of them the same. */
export const digestOfDrafts = (
  drafts: readonly CanvasDraft[],
  namespace: Namespace,
  ...more: string[]
): string => digestOf([namespace, ...more, ...drafts.flatMap(wordsOf)]);

type Word = string | Uint8Array;

function wordsOf(draft: CanvasDraft): readonly Word[] {
  if (draft.kind === "task") return ["task", ...leafWords(draft)];
  const below = draft.kind === "chain" ? draft.steps : draft.members;
  return [
    draft.kind,
    ...(draft.kind === "group" ? [draft.onMemberFailure, draft.isOpen ? "open" : "sealed"] : []),
    `${draft.callbacks.length}`,
    ...draft.callbacks.flatMap((callback) => [callback.on, ...leafWords(callback)]),
    `${below.length}`,
    ...below.flatMap(wordsOf),
  ];
}

function leafWords({ submission, hands }: DraftLeaf): readonly Word[] {
  const { id, start, content, contentHash } = submission;
  // A skew is in no task's own content.
  const delay = start !== undefined && "delayMs" in start ? `${start.delayMs}` : "";
  const handed = hands === undefined ? "ignored" : "handed";
  return [id ?? "", delay, handed, hands?.member ?? "", contentHash ?? content];
}
