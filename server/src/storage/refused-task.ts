import type { NewTask } from "../model/task.ts";
import type { RefusedTask } from "../ports/canvas-store.ts";
import type { AcceptVerdict } from "../ports/task-store.ts";

/** The first task that keeps all of an atomic batch out, by the verdicts of its tasks; undefined: all of it came in. */
export function refusedOf(
  tasks: readonly NewTask[],
  verdicts: readonly AcceptVerdict[],
): RefusedTask | undefined {
  for (const [at, verdict] of verdicts.entries()) {
    const task = tasks[at]?.id;
    if (task === undefined) break;
    if (verdict === "exists") return { task, why: "exists" };
    if (typeof verdict !== "object") continue;
    if ("refused" in verdict || verdict.unique === "taken") return { task, why: verdict };
  }
  return undefined;
}
