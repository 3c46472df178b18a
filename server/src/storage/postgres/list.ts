import type { Task } from "../../model/task.ts";
import type { EndedQuery, TaskPage, TaskQuery } from "../../ports/task-store.ts";
import { reasons, stateCode, states } from "../sql/codes.ts";
import { type HeadRow, headColumns, headOf } from "../sql/task-row.ts";
import { int2s } from "./arrays.ts";
import { headJoins } from "./head-joins.ts";
import { type FullRow, fullColumns, fullJoins, taskOf } from "./read.ts";
import { type Session, type Statement, statement, type Value } from "./session.ts";

/** Prepared once for each set of filters that comes up; there are a few hundred at most. */
const prepared = new Map<string, Statement>();

/** One page, newest first. The cursor is the place of the page's last task in the order of acceptance. */
export async function list(db: Session, wanted: TaskQuery): Promise<TaskPage> {
  const { sql, values } = selectOf(wanted);
  const select = prepared.get(sql) ?? statement(sql);
  prepared.set(sql, select);
  const rows = await db.rows(select, ...values);
  const tasks: Task[] = [];
  let bytes = 0;
  for (const row of rows) {
    const task = wanted.full
      ? taskOf(row as unknown as FullRow)
      : { ...headOf(row as unknown as HeadRow), ...nothing };
    bytes += bytesOf(task);
    if (tasks.length >= wanted.limit || (tasks.length > 0 && bytes > wanted.bytesMax))
      return { tasks, cursor: rows[tasks.length - 1]?.[0] as number | undefined };
    tasks.push(task);
  }
  return { tasks, cursor: undefined };
}

const nothing = { content: new Uint8Array(), result: undefined, failure: undefined };

const bytesOf = ({ content, result, failure }: Task): number =>
  content.length + (result?.length ?? 0) + (failure?.length ?? 0);

/** Collects values, and answers how a text names each. */
function createValues(): { readonly values: Value[]; readonly of: (value: Value) => string } {
  const values: Value[] = [];
  return { values, of: (value) => `$${values.push(value)}` };
}

type Naming = ReturnType<typeof createValues>["of"];

/** Asks for one task more than wanted, so that it shows whether there is one. */
function selectOf(wanted: TaskQuery): { readonly sql: string; readonly values: Value[] } {
  const { values, of } = createValues();
  const filters = filtersOf(wanted, of).join(" AND ");
  const columns = wanted.full ? fullColumns : headColumns;
  const joins = wanted.full ? `${headJoins} ${fullJoins}` : headJoins;
  const source = sourceOf(wanted, of);
  return {
    sql: `SELECT ${columns} FROM ${source} ${joins} WHERE ${filters} ORDER BY t.seq DESC LIMIT ${of(wanted.limit + 1)}`,
    values,
  };
}

/** The rows to look at: by tag, where one is asked for; else filters choose the index. */
function sourceOf({ namespace, tag }: TaskQuery, of: Naming): string {
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
