import type { CanvasPage, CanvasQuery } from "../../../ports/canvas-reader.ts";
import { type Database, type Query, query, type Value } from "../files/connection.ts";
import { type BarrierRow, barrierColumns, barrierJoins, barrierOf, barrierStates } from "./barrier-row.ts";

type Row = readonly [seq: number, ...BarrierRow];

/** Makes listCanvases: one page, newest first. The cursor is the number of the last one. */
export function createListCanvases(db: Database): (wanted: CanvasQuery) => CanvasPage {
  const prepared = new Map<string, Query<Row>>();

  return (wanted) => {
    const { states, limit } = wanted;
    const [source, ...values] = sourceOf(wanted);
    const isAny = states.length === 0;
    // Without a limit of its own, SQLite may leave the order out.
    const sql = `SELECT b.seq, ${barrierColumns} FROM (${source} LIMIT -1) f CROSS JOIN barriers b ON b.seq = f.seq ${barrierJoins}
       ${isAny ? "" : "WHERE b.state IN (SELECT value FROM json_each(?))"} LIMIT ?`;
    const select = prepared.get(sql) ?? query<Row>(db, sql);
    prepared.set(sql, select);
    const codes = isAny ? [] : [JSON.stringify(states.map(barrierStates.code))];
    const rows = select.all(...values, ...codes, limit + 1);
    const page = rows.slice(0, limit);
    return {
      canvases: page.map(([, ...row]) => barrierOf(row)),
      cursor: rows.length > limit ? page.at(-1)?.[0] : undefined,
    };
  };
}

type Source = readonly [sql: string, ...values: Value[]];

/** The numbers of those that have this name and this tag, newest first: by the narrowest index that there is. */
function sourceOf({ namespace, name, tag, after = Number.MAX_SAFE_INTEGER }: CanvasQuery): Source {
  const space = "(SELECT id FROM namespaces WHERE name = ?)";
  if (tag !== undefined) {
    const own = `SELECT g.canvas AS seq FROM canvas_tags g
       WHERE g.namespace = ${space} AND g.tag = ? AND g.canvas < ?`;
    const isNamed = "(SELECT k.name FROM canvases k WHERE k.seq = g.canvas) = ?";
    const newest = "ORDER BY g.canvas DESC";
    if (name === undefined) return [`${own} ${newest}`, namespace, tag, after];
    return [`${own} AND ${isNamed} ${newest}`, namespace, tag, after, name];
  }
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
     WHERE k.namespace = ${space} AND k.name = coalesce(?, k.name) AND k.seq < ? ORDER BY k.seq DESC`,
    namespace,
    name ?? null,
    after,
  ];
}
