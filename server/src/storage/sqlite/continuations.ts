import { childrenOf } from "../../model/continuation.ts";
import type { Bytes, Instant, TaskId, TaskName } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { Continuation, TaskChange } from "../../model/task-machine.ts";
import { type Database, query } from "./files/connection.ts";
import type { Links } from "./links.ts";
import type { QueueEntry } from "./queue-registry.ts";

/** An end of a task that makes others, written in the running transaction. */
export type Continued = {
  readonly seq: number;
  readonly id: TaskId;
  readonly queue: QueueEntry;
  readonly change: TaskChange;
  readonly continues: Continuation;
  readonly now: Instant;
};

/** What ends of tasks make, between the end and the end of its verb. */
export type Continuations = {
  readonly isOwed: boolean;
  owe(end: Continued): void;
  /** All that is owed, which then is not any more. */
  take(): readonly Owed[];
};

/** Tasks that an end makes. */
export type Owed = { readonly tasks: readonly NewTask[]; readonly now: Instant };

type ParentRow = [name: TaskName, rootId: TaskId | null, result: Bytes | null, failure: Bytes | null];

/** Makes it; there is one row to read for each end that makes something, and its links. */
export function createContinuations(db: Database, links: Pick<Links, "linksOf">): Continuations {
  let owed: Owed[] = [];
  const select = query<ParentRow>(
    db,
    `SELECT c.name, c.root_id, r.result, r.failure
     FROM contents c LEFT JOIN results r ON r.seq = c.seq WHERE c.seq = ?`,
  );
  return {
    get isOwed() {
      return owed.length > 0;
    },
    owe({ seq, id, queue: { namespace }, change, continues: { on, unkept }, now }) {
      const row = select.get(seq);
      if (row === undefined) throw new Error("a task that has ended is not there");
      const [name, rootId, result, failure] = row;
      const data = (on === "succeeded" ? (unkept ?? result) : failure) ?? undefined;
      const { reason, attempt } = change;
      const parent = { namespace, id, name, rootId: rootId ?? undefined, on, reason, attempt, data };
      owed.push({ tasks: childrenOf(links.linksOf(seq), parent, now), now });
    },
    take() {
      const all = owed;
      owed = [];
      return all;
    },
  };
}
