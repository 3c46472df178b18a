import { childrenOf } from "../../model/continuation.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { type Continued, type EndedRow, endedColumns, endedTaskOf } from "../sql/ended-row.ts";
import { type Database, query } from "./files/connection.ts";
import type { Links } from "./links.ts";

/** What ends of tasks make, between the end and the end of its verb. */
export type Continuations = {
  readonly isOwed: boolean;
  owe(end: Continued): void;
  /** All that is owed, which then is not any more. */
  take(): readonly Owed[];
};

/** Tasks that an end makes. */
export type Owed = { readonly tasks: readonly NewTask[]; readonly now: Instant };

/** Makes it; there is one row to read for each end that makes something, and its links. */
export function createContinuations(db: Database, links: Pick<Links, "linksOf">): Continuations {
  let owed: Owed[] = [];
  const select = query<EndedRow>(
    db,
    `SELECT ${endedColumns}
     FROM contents c LEFT JOIN results r ON r.seq = c.seq WHERE c.seq = ?`,
  );
  return {
    get isOwed() {
      return owed.length > 0;
    },
    owe(end) {
      const { seq, now } = end;
      const row = select.get(seq);
      if (row === undefined) throw new Error("a task that has ended is not there");
      owed.push({ tasks: childrenOf(links.linksOf(seq), endedTaskOf(end, row), now), now });
    },
    take() {
      const all = owed;
      owed = [];
      return all;
    },
  };
}
