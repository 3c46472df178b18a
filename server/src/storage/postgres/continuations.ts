import { childrenOf } from "../../model/continuation.ts";
import type { Bytes, Instant, TaskId, TaskName } from "../../model/ids.ts";
import type { Continuation, TaskChange } from "../../model/task-machine.ts";
import { linksOfText } from "../sql/links-text.ts";
import { int8s } from "./arrays.ts";
import type { Entering } from "./entering.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { type Session, statement } from "./session.ts";

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
  owe(end: Continued): void;
  /** The tasks that are owed, which then are not any more; read with one statement, however many ends there were. */
  take(db: Session): Promise<readonly Entering[]>;
};

type ParentRow = readonly [
  seq: number,
  name: TaskName,
  rootId: TaskId | null,
  result: Bytes | null,
  failure: Bytes | null,
  links: string,
];
const select = statement<ParentRow>(`
  SELECT c.seq, c.name, c.root_id, r.result, r.failure, l.links
  FROM unnest($1::int8[]) AS u(seq) JOIN contents c ON c.seq = u.seq JOIN links l ON l.seq = u.seq
    LEFT JOIN results r ON r.seq = u.seq`);

/** Makes it, with nothing owed. */
export function createContinuations(): Continuations {
  let owed: Continued[] = [];
  return {
    owe: (end) => void owed.push(end),
    async take(db) {
      if (owed.length === 0) return [];
      const all = owed;
      owed = [];
      const rows = new Map(
        (await db.rows(select, int8s(all.map(({ seq }) => seq)))).map((row) => [row[0], row]),
      );
      return all.flatMap((end) => madeBy(end, rows.get(end.seq)));
    },
  };
}

function madeBy({ id, queue, change, continues, now }: Continued, row: ParentRow | undefined): Entering[] {
  if (row === undefined) return [];
  const [, name, rootId, result, failure, links] = row;
  const { on, unkept } = continues;
  const { reason, attempt } = change;
  const data = (on === "succeeded" ? (unkept ?? result) : failure) ?? undefined;
  const { namespace } = queue;
  const parent = { namespace, id, name, rootId: rootId ?? undefined, on, reason, attempt, data };
  return childrenOf(linksOfText(links), parent, now).map((task) => ({ task, now }));
}
