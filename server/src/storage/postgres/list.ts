import { linkedBytes } from "../../model/continuation.ts";
import type { Task } from "../../model/task.ts";
import type { EndedQuery, TaskPage, TaskQuery } from "../../ports/task-store.ts";
import { reasons, stateCode, states } from "../sql/codes.ts";
import { type HeadRow, headColumns, headOf } from "../sql/task-row.ts";
import { int2s } from "./arrays.ts";
import { headJoins } from "./head-joins.ts";
import { placesOf } from "./places.ts";
import { type FullRow, fullColumns, fullJoins, tasksOf } from "./read.ts";
import { type Session, type Statement, statement, type Value } from "./session.ts";

/** Prepared once for each set of filters that comes up; there are a few hundred at most. */
const prepared = new Map<string, Statement>();

/** One page, newest first. The cursor is the place of the last task that was looked at, in the order of acceptance. */
export async function list(db: Session, wanted: TaskQuery): Promise<TaskPage> {
  const [rows, end] = await Promise.all([ask(db, selectOf(wanted)), boundaryOf(db, wanted)]);
  const found = wanted.full
    ? await tasksOf(db, rows as unknown as FullRow[])
    : await headTasksOf(db, rows as unknown as HeadRow[]);
  const tasks: Task[] = [];
  let bytes = 0;
  for (const task of found) {
    bytes += bytesOf(task);
    if (tasks.length >= wanted.limit || (tasks.length > 0 && bytes > wanted.bytesMax))
      return { tasks, cursor: rows[tasks.length - 1]?.[0] as number | undefined };
    tasks.push(task);
  }
  return { tasks, cursor: end };
}

type Select = { readonly sql: string; readonly values: Value[] };

function ask(db: Session, { sql, values }: Select): Promise<(readonly unknown[])[]> {
  const select = prepared.get(sql) ?? statement(sql);
  prepared.set(sql, select);
  return db.rows(select, ...values);
}

/** Where the look at a page ended that looked at as many tasks as it may; undefined: it came to the end. */
async function boundaryOf(db: Session, wanted: TaskQuery): Promise<number | undefined> {
  if (wanted.scanMax === undefined) return undefined;
  const { values, of } = createValues();
  const source = sourceOf(wanted, of);
  const sql = `SELECT seq FROM (${source} LIMIT 1 OFFSET ${of(wanted.scanMax - 1)}) last`;
  const [row] = await ask(db, { sql, values });
  return row?.[0] as number | undefined;
}

async function headTasksOf(db: Session, rows: readonly HeadRow[]): Promise<readonly Task[]> {
  const heads = rows.map(headOf);
  const known = heads.map(({ policy }, at) => ({ seq: rows[at]?.[0] ?? 0, policy }));
  const places = await placesOf(db, known);
  return heads.map((head, at) => ({ ...head, ...nothing, ...places.get(rows[at]?.[0] ?? 0) }));
}

const nothing = { content: new Uint8Array(), result: undefined, failure: undefined };

const bytesOf = (task: Task): number =>
  task.content.length + (task.result?.length ?? 0) + (task.failure?.length ?? 0) + linkedBytes(task);

/** Collects values, and answers how a text names each. */
function createValues(): { readonly values: Value[]; readonly of: (value: Value) => string } {
  const values: Value[] = [];
  return { values, of: (value) => `$${values.push(value)}` };
}

type Naming = ReturnType<typeof createValues>["of"];

/** Asks for one task more than wanted, so that it shows whether there is one. */
function selectOf(wanted: TaskQuery): Select {
  const { values, of } = createValues();
  const filters = filtersOf(wanted, of).join(" AND ");
  const columns = wanted.full ? fullColumns : headColumns;
  const joins = wanted.full ? `${headJoins} ${fullJoins}` : headJoins;
  const { scanMax } = wanted;
  const source =
    scanMax === undefined
      ? tableOf(wanted, of)
      : `(${sourceOf(wanted, of)} LIMIT ${of(scanMax)}) looked JOIN tasks t ON t.seq = looked.seq`;
  return {
    sql: `SELECT ${columns} FROM ${source} ${joins} WHERE ${filters} ORDER BY t.seq DESC LIMIT ${of(wanted.limit + 1)}`,
    values,
  };
}

/** The rows to look at, newest first, where only so many are looked at: by whichever index serves what is asked for. */
function sourceOf(query: TaskQuery, of: Naming): string {
  const { namespace, states: wanted, tag, canvas, parentId, rootId, after } = query;
  // Only what is in the text may be among the values.
  const space = () => `(SELECT s.id FROM namespaces s WHERE s.name = ${of(namespace)})`;
  const before = (column: string) => (after === undefined ? "true" : `${column} < ${of(after)}`);
  if (canvas !== undefined)
    return `SELECT seq FROM places WHERE namespace = ${space()} AND canvas = ${of(canvas)} AND ${before("seq")} ORDER BY seq DESC`;
  if (tag !== undefined)
    return `SELECT seq FROM tags WHERE namespace = ${space()} AND tag = ${of(tag)} AND ${before("seq")} ORDER BY seq DESC`;
  if (parentId !== undefined || rootId !== undefined) {
    const by = parentId === undefined ? `root_id = ${of(rootId ?? "")}` : `parent_id = ${of(parentId)}`;
    return `SELECT seq FROM contents WHERE namespace = ${space()} AND ${by} AND ${before("seq")} ORDER BY seq DESC`;
  }
  const [only] = wanted;
  const code = wanted.length === 1 && only !== undefined ? states.code(only) : 0;
  const rare =
    code > stateCode.succeeded ? `state = ${of(code)} AND state > ${stateCode.succeeded} AND ` : "";
  return `SELECT seq FROM tasks WHERE ${rare}${before("seq")} ORDER BY seq DESC`;
}

/** The rows to look at: by canvas or by tag, where one is asked for; else filters choose the index. */
function tableOf({ namespace, canvas, tag }: TaskQuery, of: Naming): string {
  if (canvas !== undefined)
    return `(SELECT p.seq FROM places p JOIN namespaces s ON s.id = p.namespace WHERE s.name = ${of(namespace)} AND p.canvas = ${of(canvas)}) placed
    JOIN tasks t ON t.seq = placed.seq`;
  if (tag === undefined) return "tasks t";
  return `(SELECT g.seq FROM tags g JOIN namespaces s ON s.id = g.namespace WHERE s.name = ${of(namespace)} AND g.tag = ${of(tag)}) tagged
    JOIN tasks t ON t.seq = tagged.seq`;
}

function filtersOf(query: TaskQuery, of: Naming): string[] {
  const {
    namespace,
    states: wanted,
    queue,
    name,
    tag,
    canvas,
    parentId,
    rootId,
    createdFrom,
    createdTo,
    ended,
    after,
  } = query;
  const space = `(SELECT s.id FROM namespaces s WHERE s.name = ${of(namespace)})`;
  const filters = [`t.namespace = ${space}`];
  if (after !== undefined) filters.push(`t.seq < ${of(after)}`);
  if (wanted.length > 0)
    filters.push(
      stateFilter(
        wanted.map((state) => states.code(state)),
        of,
      ),
    );
  filters.push(...endedFilters(ended, of));
  if (createdFrom !== undefined) filters.push(`t.created_at >= ${of(createdFrom)}`);
  if (createdTo !== undefined) filters.push(`t.created_at < ${of(createdTo)}`);
  if (queue !== undefined) filters.push(`q.name = ${of(queue)}`);
  if (name !== undefined) filters.push(`c.name = ${of(name)}`);
  // Where both are asked for, the rows to look at are those of the canvas.
  if (canvas !== undefined && tag !== undefined)
    filters.push(
      `EXISTS (SELECT FROM tags g WHERE g.namespace = ${space} AND g.tag = ${of(tag)} AND g.seq = t.seq)`,
    );
  if (parentId !== undefined) filters.push(`c.namespace = ${space} AND c.parent_id = ${of(parentId)}`);
  if (rootId !== undefined) filters.push(`c.namespace = ${space} AND c.root_id = ${of(rootId)}`);
  return filters;
}

/** One state of few tasks has an index in the order of the list. */
function stateFilter(codes: readonly number[], of: Naming): string {
  const [only] = codes;
  if (codes.length === 1 && only !== undefined && only > stateCode.succeeded)
    return `t.state = ${of(only)} AND t.state > ${stateCode.succeeded}`;
  return `t.state = ANY (${of(int2s(codes))}::int2[])`;
}

function endedFilters(ended: EndedQuery | undefined, of: Naming): string[] {
  if (ended === undefined) return [];
  const filters = ["t.ended_at IS NOT NULL"];
  if (ended.reasons.length > 0)
    filters.push(
      `t.reason = ANY (${of(int2s(ended.reasons.map((reason) => reasons.code(reason))))}::int2[])`,
    );
  if (ended.from !== undefined) filters.push(`t.ended_at >= ${of(ended.from)}`);
  if (ended.to !== undefined) filters.push(`t.ended_at < ${of(ended.to)}`);
  if (ended.isReplayed !== undefined)
    filters.push(`EXISTS (SELECT FROM replays p WHERE p.seq = t.seq) = ${of(ended.isReplayed)}`);
  return filters;
}
