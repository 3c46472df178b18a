import { isOverfull, type KeepNewest } from "../../model/retention.ts";
import { command, type Database, query } from "./files/connection.ts";

/** Ended tasks whose number is bounded, by the names of their tasks, in the order in which they ended. */
export type Shelves = {
  /** A task that has just ended goes on its name's shelf, and its bound is in force there. */
  put(seq: number, bound: KeepNewest): void;
  /** The numbers of those that are there beyond their bounds, the first to have ended first; at most `limit`. */
  overfull(limit: number): number[];
  /** Takes those of a list of numbers, as JSON, off their shelves. */
  drop(seqs: string): void;
};

type ShelfRow = [id: number, count: number, bytes: number, countMax: number | null, bytesMax: number | null];

/** Opens the tables. Most stores never have a row in them, and then they cost nothing. */
export function createShelves(db: Database): Shelves {
  const some = "seq IN (SELECT value FROM json_each(?1))";
  const enter = query<[id: number]>(
    db,
    `INSERT INTO shelves (namespace, name, count, bytes, count_max, bytes_max)
     SELECT c.namespace, c.name, 1, coalesce(length(r.result), 0) + coalesce(length(r.failure), 0), ?2, ?3
     FROM contents c LEFT JOIN results r ON r.seq = c.seq WHERE c.seq = ?1
     ON CONFLICT (namespace, name) DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes,
       count_max = excluded.count_max, bytes_max = excluded.bytes_max
     RETURNING id`,
  );
  const insert = command(
    db,
    `INSERT INTO shelved (seq, shelf, bytes)
     SELECT ?1, ?2, coalesce((SELECT coalesce(length(result), 0) + coalesce(length(failure), 0) FROM results WHERE seq = ?1), 0)`,
  );
  const selectOverfull = query<ShelfRow>(
    db,
    `SELECT id, count, bytes, count_max, bytes_max FROM shelves INDEXED BY shelves_overfull
     WHERE count > count_max OR bytes > bytes_max ORDER BY id LIMIT ?`,
  );
  const selectOldest = query<[seq: number, bytes: number]>(
    db,
    "SELECT seq, bytes FROM shelved WHERE shelf = ? ORDER BY place LIMIT ?",
  );
  const lighten = command(
    db,
    `UPDATE shelves SET count = shelves.count - gone.count, bytes = shelves.bytes - gone.bytes
     FROM (SELECT shelf, count(*) AS count, sum(bytes) AS bytes FROM shelved WHERE ${some} GROUP BY shelf) AS gone
     WHERE shelves.id = gone.shelf`,
  );
  const remove = command(db, `DELETE FROM shelved WHERE ${some}`);
  const removeEmpty = command(db, "DELETE FROM shelves WHERE count = 0");
  let isUsed = query<[number]>(db, "SELECT EXISTS (SELECT 1 FROM shelved)").get()?.[0] === 1;

  function beyondBound([id, count, bytes, countMax, bytesMax]: ShelfRow, limit: number): number[] {
    const bound = { count: countMax ?? undefined, bytes: bytesMax ?? undefined };
    const left = { count, bytes };
    const gone: number[] = [];
    for (const [seq, size] of selectOldest.all(id, limit)) {
      if (!isOverfull(left, bound)) break;
      left.count -= 1;
      left.bytes -= size;
      gone.push(seq);
    }
    return gone;
  }

  return {
    put(seq, { count, bytes }) {
      isUsed = true;
      const [row] = enter.all(seq, count ?? null, bytes ?? null);
      if (row === undefined) throw new Error("a task that has ended has no content");
      insert(seq, row[0]);
    },
    overfull(limit) {
      const gone: number[] = [];
      const shelves = isUsed ? selectOverfull.all(limit) : [];
      for (const shelf of shelves) {
        if (gone.length >= limit) break;
        gone.push(...beyondBound(shelf, limit - gone.length));
      }
      return gone;
    },
    drop(seqs) {
      if (!isUsed) return;
      lighten(seqs);
      if (remove(seqs) > 0) removeEmpty();
    },
  };
}
