import type { Bytes } from "../../model/ids.ts";
import { command, type Database, query } from "./files/connection.ts";

/** What attempts left for their successors, by the numbers of their tasks. */
export type AttemptCheckpoints = {
  /** Keeps one in place of the task's last one, and counts it as part of what a claim of the task takes. */
  put(seq: number, data: Bytes): void;
  /** The task's; nothing is looked up while none was ever kept. */
  of(seq: number): Bytes | undefined;
  /** Forgets those of a list of numbers, as JSON. */
  drop(seqs: string): void;
};

/** Opens the table. Most stores never have a row in it, and then it costs nothing. */
export function createAttemptCheckpoints(db: Database): AttemptCheckpoints {
  const upsert = command(
    db,
    "INSERT INTO checkpoints (seq, data) VALUES (?1, ?2) ON CONFLICT (seq) DO UPDATE SET data = ?2",
  );
  // A tied task's size is beside its place, too.
  const weighs = ["tasks", "ties"].map((table) =>
    command(
      db,
      `UPDATE ${table} SET content_bytes = (SELECT length(content) FROM contents WHERE seq = ?1)
       + coalesce((SELECT length(data) FROM inputs WHERE seq = ?1), 0) + ?2 WHERE seq = ?1`,
    ),
  );
  const select = query<[Bytes]>(db, "SELECT data FROM checkpoints WHERE seq = ?");
  const drop = command(db, "DELETE FROM checkpoints WHERE seq IN (SELECT value FROM json_each(?))");
  let isUsed = query<[number]>(db, "SELECT EXISTS (SELECT 1 FROM checkpoints)").get()?.[0] === 1;

  return {
    put(seq, data) {
      isUsed = true;
      upsert(seq, data);
      for (const weigh of weighs) weigh(seq, data.length);
    },
    of: (seq) => (isUsed ? select.get(seq)?.[0] : undefined),
    drop(seqs) {
      if (isUsed) drop(seqs);
    },
  };
}
