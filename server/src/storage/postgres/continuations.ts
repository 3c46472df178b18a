import { childrenOf } from "../../model/continuation.ts";
import { type Continued, type EndedRow, endedColumns, endedTaskOf } from "../sql/ended-row.ts";
import { linksOfText } from "../sql/links-text.ts";
import { int8s } from "./arrays.ts";
import type { Entering } from "./entering.ts";
import { type Session, statement } from "./session.ts";

/** What ends of tasks make, between the end and the end of its verb. */
export type Continuations = {
  owe(end: Continued): void;
  /** The tasks that are owed, which then are not any more; read with one statement, however many ends there were. */
  take(db: Session): Promise<readonly Entering[]>;
};

type ParentRow = readonly [seq: number, links: string, ...ended: EndedRow];
const select = statement<ParentRow>(`
  SELECT c.seq, l.links, ${endedColumns}
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

function madeBy(end: Continued, row: ParentRow | undefined): Entering[] {
  if (row === undefined) return [];
  const [, links, ...ended] = row;
  const { now } = end;
  return childrenOf(linksOfText(links), endedTaskOf(end, ended), now).map((task) => ({ task, now }));
}
