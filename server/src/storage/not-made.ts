import type { SubmitVerdict } from "../ports/canvas-store.ts";

/** Why a canvas that a schedule starts was not made, as a word; undefined: it is there. */
export function notMadeWhy(verdict: SubmitVerdict): string | undefined {
  if (verdict === "accepted" || verdict === "duplicate") return undefined;
  if (typeof verdict === "string") return verdict;
  const { why } = verdict;
  if (why === "exists") return "task_exists";
  return "unique" in why ? "unique_taken" : why.refused;
}
