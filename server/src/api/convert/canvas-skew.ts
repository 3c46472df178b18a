import type { CanvasDraft, DraftLeaf } from "../../broker/broker.ts";
import { plus } from "../../model/ids.ts";

/** The same tree, whose first tasks start so much later. */
export function skewed(draft: CanvasDraft, ms: number): CanvasDraft {
  if (ms === 0) return draft;
  if (draft.kind === "task") return { ...draft, ...later(draft, ms) };
  if (draft.kind === "group") return { ...draft, members: draft.members.map((member) => skewed(member, ms)) };
  const [first, ...others] = draft.steps;
  return first === undefined ? draft : { ...draft, steps: [skewed(first, ms), ...others] };
}

function later(leaf: DraftLeaf, ms: number): DraftLeaf {
  const { start } = leaf.submission;
  const moved =
    start === undefined
      ? { delayMs: ms }
      : "delayMs" in start
        ? { delayMs: start.delayMs + ms }
        : { notBefore: plus(start.notBefore, ms) };
  return { ...leaf, submission: { ...leaf.submission, start: moved } };
}
