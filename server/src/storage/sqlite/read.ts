import type { Bytes, TaskRef } from "../../model/ids.ts";
import type { Task, TaskHead } from "../../model/task.ts";
import { type HeadRow, headColumns, headOf } from "../sql/task-row.ts";
import { createAddPlace } from "./canvases/places.ts";
import { createAddClaim } from "./claim-rows.ts";
import { type Database, query } from "./files/connection.ts";
import { tieJoin } from "./head-joins.ts";
import { createAddLinks } from "./links.ts";

/** The columns that make a head a task in full, and what they need beside headColumns. */
export const fullColumns = `${headColumns}, c.content, r.result, r.failure`;
export const fullJoin = "LEFT JOIN results r ON r.seq = t.seq";

/** One row of fullColumns. */
export type FullRow = readonly [...HeadRow, content: Bytes, result: Bytes | null, failure: Bytes | null];

/** The task that a row means. */
export function taskOf(row: FullRow): Task {
  const [content, result, failure] = row.slice(-3) as [Bytes, Bytes | null, Bytes | null];
  return {
    ...headOf(row as unknown as HeadRow),
    content,
    result: result ?? undefined,
    failure: failure ?? undefined,
  };
}

/** From a namespace's name and a task's id to its row, and all that headColumns needs. */
export const byId = `
  FROM namespaces n CROSS JOIN contents c ON c.namespace = n.id CROSS JOIN tasks t ON t.seq = c.seq
    CROSS JOIN queues q ON q.id = t.queue ${tieJoin}`;

/** Makes read: tasks in full, in the order asked. */
export function createRead(db: Database): (refs: readonly TaskRef[]) => readonly (Task | undefined)[] {
  const select = query<FullRow>(
    db,
    `SELECT ${fullColumns} ${byId} ${fullJoin} WHERE n.name = ? AND c.id = ?`,
  );
  const addClaim = createAddClaim(db);
  const addLinks = createAddLinks(db);
  const addPlace = createAddPlace(db);
  return (refs) =>
    refs.map(({ namespace, id }) => {
      const row = select.get(namespace, id);
      return row && addPlace(row[0], addLinks(row[0], addClaim(row[0], taskOf(row))));
    });
}

/** Makes readHeads: what decisions need, in the order asked. */
export function createReadHeads(
  db: Database,
): (refs: readonly TaskRef[]) => readonly (TaskHead | undefined)[] {
  const select = query<HeadRow>(db, `SELECT ${headColumns} ${byId} WHERE n.name = ? AND c.id = ?`);
  return (refs) =>
    refs.map(({ namespace, id }) => {
      const row = select.get(namespace, id);
      return row && headOf(row);
    });
}
