import type { BarrierRef, Instant } from "../../../model/ids.ts";
import { partOfText } from "../../sql/barrier-text.ts";
import { type Database, query } from "../files/connection.ts";
import type { ReaderCalls } from "../threads/reader-verbs.ts";
import {
  type BarrierRow,
  barrierColumns,
  barrierJoins,
  barrierOf,
  type RefRow,
  refOf,
} from "./barrier-row.ts";
import { createListCanvases } from "./list-canvases.ts";
import { createReadMembers } from "./read-members.ts";
import { createReadRest } from "./read-rest.ts";

type Readings = Pick<
  ReaderCalls,
  | "readBarriers"
  | "readMembers"
  | "listBarriers"
  | "readParts"
  | "listCanvases"
  | "barriersWithRest"
  | "readRest"
  | "overdueCanvases"
>;

/** Makes the verbs that read canvases. */
export const createCanvasReadings = (db: Database): Readings => ({
  readBarriers: createReadBarriers(db),
  readMembers: createReadMembers(db),
  listBarriers: createListBarriers(db),
  readParts: createReadParts(db),
  listCanvases: createListCanvases(db),
  barriersWithRest: createBarriersWithRest(db),
  readRest: createReadRest(db),
  overdueCanvases: createOverdueCanvases(db),
});

const ofSpace = "b.namespace = (SELECT id FROM namespaces WHERE name = ?)";

function createReadBarriers(db: Database): Readings["readBarriers"] {
  const select = query<BarrierRow>(
    db,
    `SELECT ${barrierColumns} FROM barriers b ${barrierJoins} WHERE ${ofSpace} AND b.id = ?`,
  );
  return (refs) =>
    refs.map(({ namespace, id }) => {
      const row = select.get(namespace, id);
      return row && barrierOf(row);
    });
}

function createListBarriers(db: Database): Readings["listBarriers"] {
  const select = query<BarrierRow>(
    db,
    `SELECT ${barrierColumns}
     FROM (SELECT b.seq FROM barriers b WHERE ${ofSpace} AND b.id = ?) own
       CROSS JOIN barriers b INDEXED BY barriers_canvas ON b.canvas = own.seq ${barrierJoins}
     WHERE b.id > ? ORDER BY b.id LIMIT ?`,
  );
  return ({ namespace, canvas, after, limit }) =>
    select.all(namespace, canvas, after ?? "", limit).map(barrierOf);
}

function createReadParts(db: Database): Readings["readParts"] {
  const select = query<[text: string]>(
    db,
    `SELECT p.part FROM barriers b CROSS JOIN parts p ON p.canvas = b.seq WHERE ${ofSpace} AND b.id = ? AND p.id = ?`,
  );
  return (namespace, canvas, ids) =>
    ids.map((id) => {
      const row = select.get(namespace, canvas, id);
      return row && partOfText(row[0]);
    });
}

function createBarriersWithRest(db: Database): Readings["barriersWithRest"] {
  const select = query<RefRow>(
    db,
    `SELECT n.name, b.id FROM barriers b INDEXED BY barriers_rest CROSS JOIN namespaces n ON n.id = b.namespace
     WHERE b.has_rest = 1 LIMIT ?`,
  );
  return (limit) => select.all(limit).map(refOf);
}

function createOverdueCanvases(db: Database): (now: Instant, limit: number) => readonly BarrierRef[] {
  const select = query<RefRow>(
    db,
    `SELECT n.name, b.id FROM canvases k INDEXED BY canvases_overdue CROSS JOIN barriers b ON b.seq = k.seq
       CROSS JOIN namespaces n ON n.id = k.namespace
     WHERE k.deadline IS NOT NULL AND k.purge_at IS NULL AND k.deadline <= ? ORDER BY k.deadline, k.seq LIMIT ?`,
  );
  return (now, limit) => select.all(now, limit).map(refOf);
}
