import { linkedBytes } from "../../model/continuation.ts";
import type { Task } from "../../model/task.ts";
import type { EndedQuery, TaskPage, TaskQuery } from "../../ports/task-store.ts";
import { reasons, stateCode, states } from "../sql/codes.ts";
import { type HeadRow, headColumns, headOf } from "../sql/task-row.ts";
import { createAddPlace, placeOn } from "./canvases/places.ts";
import { createAddClaim } from "./claim-rows.ts";
import { type Database, type Query, query, type Row, type Value } from "./files/connection.ts";
import { headJoins } from "./head-joins.ts";
import { createAddLinks } from "./links.ts";
import { type FullRow, fullColumns, fullJoin, taskOf } from "./read.ts";

/** Makes list: one page, newest first. The cursor is the place of the last task that was looked at, in the order of acceptance. */
export function createList(db: Database): (wanted: TaskQuery) => TaskPage {
  // Prepared once for each set of filters that comes up; there are a few hundred at most.
  const prepared = new Map<string, Query<Row>>();

  const addClaim = createAddClaim(db);
  const countTimed = query<[number]>(db, "SELECT coalesce(sum(scheduled + leased), 0) FROM queues");
  const addLinks = createAddLinks(db);
  const addPlace = createAddPlace(db);

  function prepare<R extends Row>({ sql }: Select): Query<R> {
    const statement = prepared.get(sql) ?? query<Row>(db, sql);
    prepared.set(sql, statement);
    return statement as Query<R>;
  }

  /** Where the look at a page ended that looked at as many tasks as it may; undefined: it came to the end. */
  function boundary(source: Part, scanMax: number): number | undefined {
    const [sql, ...values] = source;
    const select = { sql: `${sql} LIMIT 1 OFFSET ?`, values: [...values, scanMax - 1] };
    return prepare<[number]>(select).get(...select.values)?.[0];
  }

  return (wanted) => {
    const { scanMax = Number.MAX_SAFE_INTEGER } = wanted;
    const source = sourceOf(wanted, () => (countTimed.get()?.[0] ?? 0) <= scanMax);
    const select = selectOf(wanted, source, scanMax);
    const tasks: Task[] = [];
    let bytes = 0;
    let cursor: number | undefined;
    for (const row of prepare<HeadRow>(select).iterate(...select.values)) {
      const task = wanted.full
        ? addPlace(row[0], addLinks(row[0], taskOf(row as unknown as FullRow)))
        : addPlace(row[0], { ...headOf(row), ...nothing });
      bytes += bytesOf(task);
      if (tasks.length >= wanted.limit || (tasks.length > 0 && bytes > wanted.bytesMax))
        return { tasks, cursor };
      tasks.push(addClaim(row[0], task));
      [cursor] = row;
    }
    return { tasks, cursor: wanted.scanMax === undefined ? undefined : boundary(source, scanMax) };
  };
}

const nothing = { content: new Uint8Array(), result: undefined, failure: undefined };

const bytesOf = (task: Task): number =>
  task.content.length + (task.result?.length ?? 0) + (task.failure?.length ?? 0) + linkedBytes(task);

type Part = readonly [sql: string, ...values: Value[]];

type Select = { readonly sql: string; readonly values: readonly Value[] };

function selectOf(wanted: TaskQuery, [source, ...sourceValues]: Part, scanMax: number): Select {
  const filters = filtersOf(wanted);
  const columns = wanted.full ? fullColumns : headColumns;
  const joins = wanted.full ? `${headJoins} ${fullJoin}` : headJoins;
  return {
    // CROSS JOIN keeps the order of the rows that are looked at. To ask for it once more would sort them before the first comes out.
    sql: `SELECT ${columns} FROM (${source} LIMIT ?) f CROSS JOIN tasks t ON t.seq = f.seq ${joins}
          WHERE ${filters.map(([sql]) => sql).join(" AND ")}`,
    values: [...sourceValues, scanMax, ...filters.flatMap(([, ...values]) => values)],
  };
}

/**
 * The rows to look at, newest first: by the narrowest index that the filters allow. The one of tasks with a time is in the order of
 * that, and all of it has to be sorted: it serves while they are few.
 */
function sourceOf(query: TaskQuery, areTimedFew: () => boolean): Part {
  const { namespace, states: wanted, tag, canvas, parentId, rootId, after } = query;
  const before = after ?? Number.MAX_SAFE_INTEGER;
  const codes = wanted.map((state) => states.code(state));
  const [only] = codes;
  if (tag !== undefined) {
    return [
      `SELECT g.seq FROM namespaces n CROSS JOIN tags g ON g.namespace = n.id
       WHERE n.name = ? AND g.tag = ? AND g.seq < ? ORDER BY g.seq DESC`,
      namespace,
      tag,
      before,
    ];
  }
  if (canvas !== undefined) {
    return [
      `SELECT t.seq FROM namespaces n CROSS JOIN barriers b ON b.namespace = n.id
         CROSS JOIN places p INDEXED BY places_canvas ON p.canvas = b.seq
         CROSS JOIN tasks t ON t.seq BETWEEN p.seq AND min(p.seq + p.count, ?) - 1
       WHERE n.name = ? AND b.id = ? AND p.seq < ? ORDER BY p.seq DESC, t.seq DESC`,
      ...[before, namespace, canvas, before],
    ];
  }
  if (parentId !== undefined) return family("parent", namespace, parentId, before);
  if (rootId !== undefined) return family("root", namespace, rootId, before);
  if (only !== undefined && codes.length === 1 && only > stateCode.succeeded) {
    return [
      `SELECT seq FROM tasks INDEXED BY tasks_unsuccessful
       WHERE state = ? AND state > ${stateCode.succeeded} AND seq < ? ORDER BY seq DESC`,
      only,
      before,
    ];
  }
  const areTimed = codes.every((code) => code === stateCode.scheduled || code === stateCode.leased);
  if (codes.length > 0 && areTimed && areTimedFew()) {
    return [
      `SELECT seq FROM tasks INDEXED BY tasks_timer WHERE state IN (SELECT value FROM json_each(?))
         AND state <> ${stateCode.ready} AND seq < ? ORDER BY seq DESC`,
      JSON.stringify(codes),
      before,
    ];
  }
  return ["SELECT seq FROM tasks NOT INDEXED WHERE seq < ? ORDER BY seq DESC", before];
}

const family = (which: "parent" | "root", namespace: string, id: string, before: number): Part => [
  `SELECT c.seq FROM namespaces n CROSS JOIN contents c INDEXED BY contents_${which} ON c.namespace = n.id
   WHERE n.name = ? AND c.${which}_id = ? AND c.seq < ? ORDER BY c.seq DESC`,
  namespace,
  id,
  before,
];

/** Cheap filters first: those on the narrow row, then those on what lies apart. */
function filtersOf(query: TaskQuery): Part[] {
  const {
    namespace,
    states: wanted,
    queue,
    name,
    canvas,
    parentId,
    rootId,
    createdFrom,
    createdTo,
    ended,
  } = query;
  const filters: Part[] = [];
  if (wanted.length > 0) {
    const codes = JSON.stringify(wanted.map((state) => states.code(state)));
    filters.push(["t.state IN (SELECT value FROM json_each(?))", codes]);
  }
  filters.push(...endedFilters(ended));
  if (createdFrom !== undefined) filters.push(["t.created_at >= ?", createdFrom]);
  if (createdTo !== undefined) filters.push(["t.created_at < ?", createdTo]);
  filters.push([
    `t.queue IN (SELECT id FROM queues WHERE namespace = (SELECT id FROM namespaces WHERE name = ?)
       AND name = coalesce(?, name))`,
    namespace,
    queue ?? null,
  ]);
  if (name !== undefined) filters.push(["c.name = ?", name]);
  if (canvas !== undefined) {
    const own = "SELECT b.id FROM places p CROSS JOIN barriers b ON b.seq = p.canvas";
    filters.push([`(${own} WHERE ${placeOn("t.seq")}) = ?`, canvas]);
  }
  if (parentId !== undefined) filters.push(["c.parent_id = ?", parentId]);
  if (rootId !== undefined) filters.push(["c.root_id = ?", rootId]);
  return filters;
}

function endedFilters(ended: EndedQuery | undefined): Part[] {
  if (ended === undefined) return [];
  const filters: Part[] = [["t.ended_at IS NOT NULL"]];
  if (ended.reasons.length > 0) {
    const codes = JSON.stringify(ended.reasons.map((reason) => reasons.code(reason)));
    filters.push(["t.reason IN (SELECT value FROM json_each(?))", codes]);
  }
  if (ended.from !== undefined) filters.push(["t.ended_at >= ?", ended.from]);
  if (ended.to !== undefined) filters.push(["t.ended_at < ?", ended.to]);
  if (ended.isReplayed !== undefined)
    filters.push(["(t.seq IN (SELECT seq FROM replays)) = ?", ended.isReplayed ? 1 : 0]);
  return filters;
}
