import type { EndedTask } from "../../model/continuation.ts";
import type { Bytes, Instant, Namespace, TaskId, TaskName } from "../../model/ids.ts";
import type { Continuation, TaskChange } from "../../model/task-machine.ts";

/** An end of a task that makes others, written in the running transaction. */
export type Continued = {
  readonly seq: number;
  readonly id: TaskId;
  readonly queue: { readonly namespace: Namespace };
  readonly change: TaskChange;
  readonly continues: Continuation;
  readonly now: Instant;
};

/** The columns of a task that ended so, from contents c and, where it left any, results r. */
export const endedColumns = "c.name, c.root_id, r.result, r.failure";

/** One row of endedColumns. */
export type EndedRow = readonly [
  name: TaskName,
  rootId: TaskId | null,
  result: Bytes | null,
  failure: Bytes | null,
];

/** The task that ended, as those that it makes see it. */
export function endedTaskOf(
  { id, queue: { namespace }, change: { reason, attempt }, continues: { on, unkept } }: Continued,
  [name, rootId, result, failure]: EndedRow,
): EndedTask {
  const data = (on === "succeeded" ? (unkept ?? result) : failure) ?? undefined;
  return { namespace, id, name, rootId: rootId ?? undefined, on, reason, attempt, data };
}
