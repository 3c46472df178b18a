import type { CanvasDraft, DraftLeaf } from "../../broker/broker.ts";
import { digestOf } from "../../lib/digest.ts";
import { contentHashOf } from "../../model/content-hash.ts";
import type { Namespace } from "../../model/ids.ts";

/** A text for all that trees say, but for traces and families: what makes two of them the same. */
export const digestOfDrafts = (
  drafts: readonly CanvasDraft[],
  namespace: Namespace,
  ...more: string[]
): string => digestOf([...more, ...drafts.flatMap((draft) => wordsOf(draft, namespace))]);

function wordsOf(draft: CanvasDraft, namespace: Namespace): readonly string[] {
  if (draft.kind === "task") return ["task", ...leafWords(draft, namespace)];
  const below = draft.kind === "chain" ? draft.steps : draft.members;
  return [
    draft.kind,
    ...(draft.kind === "group" ? [draft.onMemberFailure, draft.isOpen ? "open" : "sealed"] : []),
    `${draft.callbacks.length}`,
    ...draft.callbacks.flatMap((callback) => [callback.on, ...leafWords(callback, namespace)]),
    `${below.length}`,
    ...below.flatMap((each) => wordsOf(each, namespace)),
  ];
}

function leafWords({ submission, hands }: DraftLeaf, namespace: Namespace): readonly string[] {
  const { id, start } = submission;
  // A skew is in no task's own content.
  const delay = start !== undefined && "delayMs" in start ? `${start.delayMs}` : "";
  const handed = hands === undefined ? "ignored" : "handed";
  return [id ?? "", delay, handed, hands?.member ?? "", contentHashOf({ ...submission, namespace })];
}
