import { cutLog } from "../../model/kept-log.ts";
import { isTerminal } from "../../model/task.ts";
import type { OutputPage, OutputQuery } from "../../ports/output-store.ts";
import { outputPageOf } from "../log-pages.ts";
import { outputKindCodes, states } from "../sql/codes.ts";
import { type OutputEntryRow, outputEntryColumns, outputEntryOf } from "../sql/output-entry.ts";
import { type OutputHeadRow, outputHeadColumns, outputHeadOf } from "../sql/output-head.ts";
import { type Database, query } from "./files/connection.ts";

type TaskRow = [seq: number, state: number, ...head: OutputHeadRow];

/** Makes readOutput: some of what a task has put out; undefined when there is no such task. */
export function createReadOutput(db: Database): (query: OutputQuery) => OutputPage | undefined {
  const selectTask = query<TaskRow>(
    db,
    `SELECT t.seq, t.state, ${outputHeadColumns}
     FROM namespaces n CROSS JOIN contents c ON c.namespace = n.id CROSS JOIN tasks t ON t.seq = c.seq
     LEFT JOIN output_heads o ON o.seq = t.seq WHERE n.name = ? AND c.id = ?`,
  );
  const selectEntries = query<OutputEntryRow>(
    db,
    `SELECT ${outputEntryColumns} FROM outputs INDEXED BY outputs_place
     WHERE seq = ? AND place >= ? AND kind IN (SELECT value FROM json_each(?)) ORDER BY place LIMIT ?`,
  );

  return ({ ref, from, kinds, limit, bytesMax }) => {
    const row = selectTask.get(ref.namespace, ref.id);
    if (row === undefined) return undefined;
    const [seq, state, ...columns] = row;
    const head = outputHeadOf(columns);
    const codes = JSON.stringify(kinds.map(outputKindCodes.code));
    const rows = selectEntries.iterate(seq, from, codes, limit + 1);
    const cut = cutLog(Iterator.from(rows).map(outputEntryOf), { limit, bytesMax });
    return outputPageOf(cut, { from, kinds }, { ...head, isEnded: isTerminal(states.word(state)) });
  };
}
