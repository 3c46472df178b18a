import type { Instant, TaskId } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { UniqueWish } from "../../model/unique.ts";
import { isHeldAt, uselessFrom } from "../sql/unique-claim-row.ts";
import { command, type Database, query } from "./files/connection.ts";

/** Who has claimed a key. */
export type Holder = {
  readonly seq: number;
  readonly taskId: TaskId;
  readonly startBy: Instant | undefined;
};

/** Claims of unique keys, in the running transaction. */
export type Claims = {
  /** Who has a key at a time; undefined while it is free. */
  holderOf(namespace: number, key: string, now: Instant): Holder | undefined;
  /** A task takes a key that is free. */
  take(
    namespace: number,
    taken: { readonly seq: number; readonly task: NewTask; readonly now: Instant },
  ): void;
  /** A task was not made because of this one. */
  count(seq: number): void;
  /** The scope of a task's claim is over, which ends at `until`, or when it is kept until. Once: later ends change nothing. */
  release(seq: number, until: Instant): void;
  /** A task gives its key up at once, whatever it was kept for. */
  giveUp(seq: number): void;
  /** A task has ended: from `goneAt` its claim is of no use, unless it lasts longer. */
  ended(seq: number, goneAt: Instant): void;
};

type HolderRow = [seq: number, taskId: TaskId, startBy: Instant | null];

/** Makes the claims of a connection. */
export function createClaims(db: Database): Claims {
  const select = query<HolderRow>(
    db,
    `SELECT u.seq, u.task_id, u.start_by FROM unique_claims u
     WHERE u.namespace = ?1 AND u.key = ?2 AND u.newest = 1 AND ${isHeldAt("?3")}`,
  );
  const supersede = command(
    db,
    "UPDATE unique_claims SET newest = 0 WHERE namespace = ? AND key = ? AND newest = 1",
  );
  const insert = command(
    db,
    `INSERT INTO unique_claims (seq, namespace, key, task_id, newest, claimed_at, keep_until, start_by)
     VALUES (?, ?, ?, ?, 1, ?, ?, ?)`,
  );
  const countOne = command(db, "UPDATE unique_claims SET duplicates = duplicates + 1 WHERE seq = ?");
  const release = command(
    db,
    "UPDATE unique_claims SET free_at = max(?1, coalesce(keep_until, ?1)) WHERE seq = ?2 AND free_at IS NULL",
  );
  const giveUp = command(db, "UPDATE unique_claims SET newest = 0 WHERE seq = ?");
  const ended = command(
    db,
    `UPDATE unique_claims SET gone_at = ${uselessFrom("?1", "free_at", "max")} WHERE seq = ?2`,
  );

  return {
    holderOf(namespace, key, now) {
      const row = select.get(namespace, key, now);
      return row && { seq: row[0], taskId: row[1], startBy: row[2] ?? undefined };
    },
    take(namespace, { seq, task: { id, unique }, now }) {
      const { key, keepUntil, startBy } = unique as UniqueWish;
      supersede(namespace, key);
      insert(seq, namespace, key, id, now, keepUntil ?? null, startBy ?? null);
    },
    count: (seq) => void countOne(seq),
    release: (seq, until) => void release(until, seq),
    giveUp: (seq) => void giveUp(seq),
    ended: (seq, goneAt) => void ended(goneAt, seq),
  };
}
