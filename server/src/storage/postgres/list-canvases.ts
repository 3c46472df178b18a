import type { CanvasPage, CanvasQuery } from "../../ports/canvas-reader.ts";
import { int2s } from "./arrays.ts";
import { type BarrierRow, barrierColumns, barrierOf, barrierStates } from "./barrier-rows.ts";
import { numberOf } from "./number-of.ts";
import { type Session, type Statement, statement, type Value } from "./session.ts";

type Row = [...BarrierRow, place: number];

/** Prepared once for each set of filters. */
const prepared = new Map<string, Statement>();

/** One page of canvases, newest first. The cursor is the place of the last one that was looked at, or is listed. */
export async function listCanvases(db: Session, query: CanvasQuery): Promise<CanvasPage> {
  const { namespace, limit, scanMax } = query;
  const { sql, values } = selectOf(query);
  const source = createValues();
  const last = `SELECT place FROM (${sourceOf(query, source.of)} LIMIT 1 OFFSET ${source.of(scanMax - 1)}) last`;
  const [rows, ends] = await Promise.all([ask(db, sql, values), ask(db, last, source.values)]);
  const page = (rows as Row[]).slice(0, limit);
  return {
    canvases: page.map((row) => barrierOf(namespace, row.slice(0, -1) as unknown as BarrierRow)),
    cursor: (rows.length > limit ? page.at(-1)?.at(-1) : ends[0]?.[0]) as number | undefined,
  };
}

function ask(db: Session, sql: string, values: readonly Value[]): Promise<(readonly unknown[])[]> {
  const select = prepared.get(sql) ?? statement(sql);
  prepared.set(sql, select);
  return db.rows(select, ...values);
}

type Naming = (value: Value) => string;

/** Collects values, and answers how a text names each. */
function createValues(): { readonly values: Value[]; readonly of: Naming } {
  const values: Value[] = [];
  return { values, of: (value) => `$${values.push(value)}` };
}

/** The places of those to look at, newest first: by the narrowest index that there is. */
function sourceOf({ namespace, name, tag, after }: CanvasQuery, of: Naming): string {
  const space = numberOf(of(namespace));
  const before = after === undefined ? "" : `AND place < ${of(after)}`;
  if (tag !== undefined)
    return `SELECT place FROM canvas_tags WHERE namespace = ${space} AND tag = ${of(tag)} ${before} ORDER BY place DESC`;
  const named = name === undefined || name === "" ? "" : `AND name = ${of(name)}`;
  return `SELECT place FROM barriers WHERE namespace = ${space} AND facts IS NOT NULL ${named} ${before} ORDER BY place DESC`;
}

/** Asks for one more than wanted, so that it shows whether there is one. */
function selectOf(query: CanvasQuery): { readonly sql: string; readonly values: readonly Value[] } {
  const { namespace, states, name, limit, scanMax } = query;
  const { values, of } = createValues();
  const looked = `(${sourceOf(query, of)} LIMIT ${of(scanMax)}) looked`;
  const filters = [`b.namespace = ${numberOf(of(namespace))}`, "b.facts IS NOT NULL"];
  if (name !== undefined) filters.push(`b.name = ${of(name)}`);
  if (states.length > 0)
    filters.push(`b.state = ANY (${of(int2s(states.map((state) => barrierStates.code(state))))}::int2[])`);
  const sql = `
    SELECT ${barrierColumns}, b.place FROM ${looked} JOIN barriers b ON b.place = looked.place
    WHERE ${filters.join(" AND ")} ORDER BY b.place DESC LIMIT ${of(limit + 1)}`;
  return { sql, values };
}
