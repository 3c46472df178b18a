import type { CanvasPage, CanvasQuery } from "../../../ports/canvas-reader.ts";
import { type Database, type Query, query, type Value } from "../files/connection.ts";
import { type BarrierRow, barrierColumns, barrierJoins, barrierOf, barrierStates } from "./barrier-row.ts";

type Row = readonly [seq: number, ...BarrierRow];

/** Makes listCanvases: one page, newest first. The cursor is the number of the last one that was looked at, or is listed. */
export function createListCanvases(db: Database): (wanted: CanvasQuery) => CanvasPage {
  const prepared = new Map<string, Query<Row>>();
  function ask(sql: string, values: readonly Value[]): readonly Row[] {
    const select = prepared.get(sql) ?? query<Row>(db, sql);
    prepared.set(sql, select);
    return select.all(...values);
  }

  return (wanted) => {
    const { limit, scanMax } = wanted;
    const [source, ...values] = sourceOf(wanted);
    const [filter, ...filterValues] = filterOf(wanted);
    const rows = ask(
      `SELECT b.seq, ${barrierColumns} FROM (${source} LIMIT ?) f CROSS JOIN barriers b ON b.seq = f.seq ${barrierJoins}
       WHERE ${filter} LIMIT ?`,
      [...values, scanMax, ...filterValues, limit + 1],
    );
    const canvases = rows.slice(0, limit).map(([, ...row]) => barrierOf(row));
    if (rows.length > limit) return { canvases, cursor: rows[limit - 1]?.[0] };
    // Where the look ended, unless it came to the end.
    const [last] = ask(`${source} LIMIT 1 OFFSET ?`, [...values, scanMax - 1]);
    return { canvases, cursor: last?.[0] };
  };
}

type Part = readonly [sql: string, ...values: Value[]];

/** The numbers of those to look at, newest first: by the narrowest index that there is. */
function sourceOf({ namespace, name, tag, after = Number.MAX_SAFE_INTEGER }: CanvasQuery): Part {
  const space = "(SELECT id FROM namespaces WHERE name = ?)";
  if (tag !== undefined)
    return [
      `SELECT g.canvas AS seq FROM canvas_tags g
       WHERE g.namespace = ${space} AND g.tag = ? AND g.canvas < ? ORDER BY g.canvas DESC`,
      namespace,
      tag,
      after,
    ];
  if (name !== undefined && name !== "")
    return [
      `SELECT k.seq FROM canvases k INDEXED BY canvases_name
       WHERE k.namespace = ${space} AND k.name = ? AND k.name <> '' AND k.seq < ? ORDER BY k.seq DESC`,
      namespace,
      name,
      after,
    ];
  return [
    `SELECT k.seq FROM canvases k INDEXED BY canvases_newest
     WHERE k.namespace = ${space} AND k.seq < ? ORDER BY k.seq DESC`,
    namespace,
    after,
  ];
}

/** Which of them are listed. */
function filterOf({ states, name }: CanvasQuery): Part {
  const filters: Part[] = [["TRUE"]];
  if (name !== undefined) filters.push(["(SELECT k.name FROM canvases k WHERE k.seq = b.seq) = ?", name]);
  if (states.length > 0)
    filters.push([
      "b.state IN (SELECT value FROM json_each(?))",
      JSON.stringify(states.map(barrierStates.code)),
    ]);
  return [filters.map(([sql]) => sql).join(" AND "), ...filters.flatMap(([, ...values]) => values)];
}
