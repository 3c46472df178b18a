import { nextTurn } from "../../model/turn.ts";
import type { KeyWeight } from "../../ports/gate-store.ts";
import { command, type Database, query } from "./files/connection.ts";
import type { QueueEntry, QueueRegistry } from "./queue-registry.ts";
import type { Tie } from "./ties.ts";

/** The turns of keys in fair queues. A queue becomes one with its first task that says a fairness key. */
export type Turns = {
  /** Whether there is any fair queue. */
  readonly isAnyFair: boolean;
  /** The turn of a new task; tasks without a key are those of one that has no name. 0 in a queue that is not fair. */
  next(queue: QueueEntry, key: string | undefined): number;
  /** These tasks were granted. */
  granted(ties: readonly Tie[]): void;
  setWeight(queue: QueueEntry, weight: KeyWeight): void;
  /** Forgets the turns of keys that their queue has come beyond. Answers nothing: they mean nothing any more. */
  prune(limit: number): void;
  /** After a transaction was undone. */
  reload(): void;
};

/** Makes them. How far a queue has come is in its row, and in its entry. */
export function createTurns(db: Database, queues: QueueRegistry): Turns {
  const select = query<[last: number, weight: number | null]>(
    db,
    "SELECT last, weight FROM turns WHERE queue = ? AND key = ?",
  );
  const upsert = command(
    db,
    "INSERT INTO turns (queue, key, last) VALUES (?1, ?2, ?3) ON CONFLICT (queue, key) DO UPDATE SET last = ?3",
  );
  const upsertWeight = command(
    db,
    `INSERT INTO turns (queue, key, last, weight) VALUES (?1, ?2, 0, ?3)
     ON CONFLICT (queue, key) DO UPDATE SET weight = ?3`,
  );
  const advance = command(db, "UPDATE queues SET turn = ? WHERE id = ?");
  const drop = command(
    db,
    `DELETE FROM turns WHERE (queue, key) IN (
       SELECT t.queue, t.key FROM turns t CROSS JOIN queues q ON q.id = t.queue
       WHERE t.weight IS NULL AND t.last <= q.turn LIMIT ?)`,
  );
  let isAnyFair = false;

  function moveTo(queue: QueueEntry, turn: number): void {
    queue.turn = turn;
    isAnyFair = true;
    advance(turn, queue.id);
  }

  function reload(): void {
    const rows = query<[queue: number, turn: number]>(
      db,
      "SELECT id, turn FROM queues WHERE turn IS NOT NULL",
    ).all();
    isAnyFair = rows.length > 0;
    for (const [queue, turn] of rows) queues.byId(queue).turn = turn;
  }

  reload();
  return {
    get isAnyFair() {
      return isAnyFair;
    },
    next(queue, key) {
      if (queue.turn === undefined && key === undefined) return 0;
      if (queue.turn === undefined) moveTo(queue, 0);
      const [last, weight] = select.get(queue.id, key ?? "") ?? [0, null];
      const turn = nextTurn({ last, weight: weight ?? 1 }, queue.turn ?? 0);
      upsert(queue.id, key ?? "", turn);
      return turn;
    },
    granted(ties) {
      for (const [id, own] of Map.groupBy(ties, ({ queue }) => queue)) {
        const queue = queues.byId(id);
        const highest = Math.max(...own.map(({ turn }) => turn));
        if (queue.turn !== undefined && highest > queue.turn) moveTo(queue, highest);
      }
    },
    setWeight: (queue, { key, weight }) => void upsertWeight(queue.id, key, weight === 1 ? null : weight),
    prune: (limit) => void (isAnyFair && drop(limit)),
    reload,
  };
}
