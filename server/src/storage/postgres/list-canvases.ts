import type { CanvasPage, CanvasQuery } from "../../ports/canvas-reader.ts";
import { int2s } from "./arrays.ts";
import { type BarrierRow, barrierColumns, barrierOf, barrierStates } from "./barrier-rows.ts";
import { numberOf } from "./number-of.ts";
import { type Session, type Statement, statement, type Value } from "./session.ts";

/** Prepared once for each set of filters. */
const prepared = new Map<string, Statement<[...BarrierRow, place: number]>>();

/** One page of canvases, newest first. The cursor is the place of the last one, in the order in which they came. */
export async function listCanvases(db: Session, query: CanvasQuery): Promise<CanvasPage> {
  const { sql, values } = selectOf(query);
  const select = prepared.get(sql) ?? statement<[...BarrierRow, place: number]>(sql);
  prepared.set(sql, select);
  const rows = await db.rows(select, ...values);
  const page = rows.slice(0, query.limit);
  return {
    canvases: page.map((row) => barrierOf(query.namespace, row.slice(0, -1) as unknown as BarrierRow)),
    cursor: rows.length > query.limit ? (page.at(-1)?.at(-1) as number | undefined) : undefined,
  };
}

/** Asks for one more than wanted, so that it shows whether there is one. */
function selectOf({ namespace, states, name, tag, limit, after }: CanvasQuery): {
  readonly sql: string;
  readonly values: readonly Value[];
} {
  const values: Value[] = [];
  const of = (value: Value): string => `$${values.push(value)}`;
  const space = numberOf(of(namespace));
  const tagged =
    tag === undefined ? "" : `JOIN canvas_tags g ON g.namespace = b.namespace AND g.place = b.place`;
  const filters = [`b.namespace = ${space}`, "b.facts IS NOT NULL"];
  if (tag !== undefined) filters.push(`g.namespace = ${space} AND g.tag = ${of(tag)}`);
  if (name !== undefined) filters.push(`b.name = ${of(name)}`);
  if (after !== undefined) filters.push(`b.place < ${of(after)}`);
  const [only, ...others] = states.map((state) => barrierStates.code(state));
  if (only !== undefined)
    filters.push(
      others.length === 0
        ? `b.state = ${of(only)}`
        : `b.state = ANY (${of(int2s([only, ...others]))}::int2[])`,
    );
  const sql = `
    SELECT ${barrierColumns}, b.place FROM barriers b ${tagged}
    WHERE ${filters.join(" AND ")} ORDER BY b.place DESC LIMIT ${of(limit + 1)}`;
  return { sql, values };
}
