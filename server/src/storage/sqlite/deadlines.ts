import type { Instant } from "../../model/ids.ts";
import { command, type Database, query } from "./files/connection.ts";

/** When waiting tasks have waited too long, by their numbers; with some that wait no more, until their time comes. */
export type Deadlines = {
  put(seq: number, at: Instant): void;
  /** Whether any may have come; false for sure while none was ever kept. */
  mayBeDue(now: Instant): boolean;
  /** The numbers whose time has come, longest over first. */
  due(now: Instant, limit: number): number[];
  /** Those among these numbers whose time has come. */
  dueAmong(seqs: readonly number[], now: Instant): number[];
  drop(seqs: readonly number[]): void;
  /** Reads again when the first comes, after a transaction was undone. */
  reload(): void;
};

/** Opens the table. Most stores never have a row in it, and then it costs a comparison. */
export function createDeadlines(db: Database): Deadlines {
  const upsert = command(
    db,
    "INSERT INTO deadlines (seq, at) VALUES (?1, ?2) ON CONFLICT (seq) DO UPDATE SET at = ?2",
  );
  const selectDue = query<[number]>(db, "SELECT seq FROM deadlines WHERE at <= ? ORDER BY at, seq LIMIT ?");
  const selectAmong = query<[number]>(
    db,
    "SELECT d.seq FROM json_each(?) some CROSS JOIN deadlines d ON d.seq = some.value WHERE d.at <= ?",
  );
  const remove = command(db, "DELETE FROM deadlines WHERE seq IN (SELECT value FROM json_each(?))");
  const selectFirst = query<[number | null]>(db, "SELECT min(at) FROM deadlines");
  const readFirst = (): number => selectFirst.get()?.[0] ?? Number.POSITIVE_INFINITY;
  let first = readFirst();

  return {
    put(seq, at) {
      first = Math.min(first, at);
      upsert(seq, at);
    },
    mayBeDue: (now) => first <= now,
    due: (now, limit) => selectDue.all(now, limit).map(([seq]) => seq),
    dueAmong: (seqs, now) => selectAmong.all(JSON.stringify(seqs), now).map(([seq]) => seq),
    drop(seqs) {
      if (first === Number.POSITIVE_INFINITY || seqs.length === 0) return;
      remove(JSON.stringify(seqs));
      first = readFirst();
    },
    reload() {
      first = readFirst();
    },
  };
}
