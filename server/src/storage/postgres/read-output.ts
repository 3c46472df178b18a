import { cutLog } from "../../model/kept-log.ts";
import { isTerminal } from "../../model/task.ts";
import type { OutputPage, OutputQuery } from "../../ports/output-store.ts";
import { outputPageOf } from "../log-pages.ts";
import { outputKindCodes, states } from "../sql/codes.ts";
import { type OutputEntryRow, outputEntryColumns, outputEntryOf } from "../sql/output-entry.ts";
import { type OutputHeadRow, outputHeadColumns, outputHeadOf } from "../sql/output-head.ts";
import { int2s } from "./arrays.ts";
import { type Session, statement } from "./session.ts";

type TaskRow = readonly [seq: number, state: number, ...head: OutputHeadRow];

const selectTask = statement<TaskRow>(`
  SELECT t.seq, t.state, ${outputHeadColumns}
  FROM namespaces n JOIN contents c ON c.namespace = n.id JOIN tasks t ON t.seq = c.seq
    LEFT JOIN output_heads o ON o.seq = t.seq WHERE n.name = $1 AND c.id = $2`);
// One more than is wanted tells that there are more; what is beyond the bytes stays where it is.
const selectEntries = statement<OutputEntryRow>(`
  SELECT ${outputEntryColumns} FROM (
    SELECT o.*, sum(length(o.body)) OVER (ORDER BY o.place) - length(o.body) AS before,
      row_number() OVER (ORDER BY o.place) AS at FROM outputs o
    WHERE o.seq = $1 AND o.place >= $2 AND o.kind = ANY ($3::int2[]) ORDER BY o.place LIMIT $4) o
  WHERE o.before <= $5::int8 OR o.at = 2 ORDER BY place`);

/** Some of what a task has put out, in a session that sees one moment; undefined when there is no such task. */
export async function readOutput(db: Session, query: OutputQuery): Promise<OutputPage | undefined> {
  const { ref, from, kinds, limit, bytesMax } = query;
  const [row] = await db.rows(selectTask, ref.namespace, ref.id);
  if (row === undefined) return undefined;
  const [seq, state, ...columns] = row;
  const head = outputHeadOf(columns);
  const codes = int2s(kinds.map((kind) => outputKindCodes.code(kind)));
  const rows = await db.rows(selectEntries, seq, from, codes, limit + 1, bytesMax);
  const cut = cutLog(rows.map(outputEntryOf), { limit, bytesMax });
  return outputPageOf(cut, query, { ...head, isEnded: isTerminal(states.word(state)) });
}
