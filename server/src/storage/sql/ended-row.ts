import type { EndedMember } from "../../model/canvas-end.ts";
import type { Bytes, Instant, Namespace, TaskId, TaskName } from "../../model/ids.ts";
import type { Continuation, TaskChange } from "../../model/task-machine.ts";

/** An end of a task that others wait for, written in the running transaction. */
export type Continued = {
  readonly seq: number;
  readonly id: TaskId;
  readonly queue: { readonly namespace: Namespace };
  readonly change: TaskChange;
  readonly continues: Continuation;
  readonly now: Instant;
};

/** The columns of a task that ended so, from contents c and, where it left any, results r. */
export const endedColumns = "c.name, c.parent_id, c.root_id, r.result, r.failure";

/** One row of endedColumns. */
export type EndedRow = readonly [
  name: TaskName,
  parentId: TaskId | null,
  rootId: TaskId | null,
  result: Bytes | null,
  failure: Bytes | null,
];

/** The task that ended, as those that wait for it see it; its links and its place are kept elsewhere. */
export function endedTaskOf(
  { id, queue: { namespace }, change: { reason, attempt }, continues }: Continued,
  [name, parentId, rootId, result, failure]: EndedRow,
): Omit<EndedMember, "place" | "next" | "links"> {
  const { on, unkept, isLast = false } = continues;
  const data = (on === "succeeded" ? (unkept ?? result) : failure) ?? undefined;
  const lineage = rootId === null ? undefined : { parentId: parentId ?? undefined, rootId };
  return { namespace, id, name, lineage, on, isLast, reason, attempt, data };
}
