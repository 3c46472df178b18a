import { type LimitRef, scoped } from "../../model/gate.ts";
import { stateCode } from "../sql/codes.ts";
import { query } from "./files/connection.ts";
import type { Writing } from "./writing.ts";

/** Ties the tasks of a name that were accepted when nothing tied them; true: all are. Ask again until it is. */
export type TieNames = (limit: LimitRef) => boolean;

/** So many rows are gone through at a time. */
const rowsMax = 20_000;

type Row = [seq: number, queue: number, state: number];

/** Makes it. New tasks of the namespace are tied from the first call on, so that it comes to an end. */
export function createTieNames({ db, queues, gates, leases }: Writing): TieNames {
  const selectNewest = query<[number]>(db, "SELECT coalesce(max(seq), 0) FROM tasks");
  const select = query<Row>(
    db,
    `SELECT t.seq, t.queue, t.state
     FROM tasks t NOT INDEXED CROSS JOIN contents c ON c.seq = t.seq
     WHERE t.seq > ?1 AND t.seq <= ?1 + ${rowsMax} AND t.state <= ${stateCode.leased} AND t.tied IS NULL
       AND c.namespace = ?2 AND c.name = ?3`,
  );
  const progress = new Map<string, { from: number; readonly newest: number }>();

  return ({ namespace, subject }) => {
    const text = scoped(namespace, subject);
    const place = progress.get(text) ?? { from: 0, newest: selectNewest.get()?.[0] ?? 0 };
    progress.set(text, place);
    gates.expectNames(namespace);
    const rows = select.all(place.from, queues.makeNamespace(namespace), subject);
    for (const [seq, queue] of rows) {
      gates.ties.bind(seq);
      queues.byId(queue).hasTied = true;
    }
    // What is remembered of leases says that they are free.
    if (rows.some(([, , state]) => state === stateCode.leased)) leases.clear();
    place.from += rowsMax;
    if (place.from < place.newest) return false;
    progress.delete(text);
    return true;
  };
}
