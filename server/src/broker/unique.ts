import type { QueueName, TaskName } from "../model/ids.ts";
import type { NewTask } from "../model/task.ts";
import { derivedKey, type UniqueWish } from "../model/unique.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { UniqueVerdict } from "../ports/task-store.ts";
import type { Tally } from "./tally.ts";

/** What a producer's task claims. */
export type UniqueSubmission = Omit<UniqueWish, "key"> & {
  /** The key, or a digest of what counts of the arguments. */
  readonly by: { readonly key: string } | { readonly argsDigest: string };
};

/** What a task claims that asks for a queue; undefined where it claims nothing. */
export function wishOf(
  { name, unique }: { readonly name: TaskName; readonly unique?: UniqueSubmission | "none" | undefined },
  queue: QueueName,
): UniqueWish | undefined {
  if (unique === undefined || unique === "none") return undefined;
  const { by, onConflict, keepUntil, startBy } = unique;
  const key = "key" in by ? by.key : derivedKey(name, queue, by.argsDigest);
  return { key, onConflict, keepUntil, startBy };
}

/** A task that took the place of another is as good as accepted; the other one's waiters hear of it. */
export function noteUnique(
  { namespace, notBefore }: NewTask,
  { unique, holder }: UniqueVerdict,
  { scheduled, hints }: { readonly scheduled: Tally; readonly hints: Pick<TaskHints, "changed"> },
): void {
  if (unique !== "replaced" && unique !== "updated") return;
  scheduled.scheduled(notBefore);
  hints.changed([{ namespace, id: holder }]);
}
