import { stateCode } from "../sql/codes.ts";
import type { EventFact } from "../sql/event-facts.ts";
import { command, type Database, query } from "./files/connection.ts";
import { isLive, type QueueEntry } from "./queue-entry.ts";

/**
 * What a transaction owes at its end: the counts by state of each queue that it touched, and one row of events for each. Kept in
 * memory until then, so that a commit of a thousand tasks writes them once.
 */
export type Ledger = {
  /** Tasks of the queue (default: one) moved between states, given as numbers; undefined: they came, or they went. */
  move(queue: QueueEntry, from: number | undefined, to: number | undefined, tasks?: number): void;
  /** Something happened to a task of the queue. */
  note(queue: QueueEntry, fact: EventFact): void;
  /** Writes all of it, inside the transaction. */
  write(): void;
  /** Forgets what is not written; the queues are read again by their registry. */
  discard(): void;
};

/** Room for a row's other columns, counted towards the size of the log. */
const rowBytes = 32;

/** Makes the ledger of a writer whose store has just got this epoch. `onReturned` hears of leases that ended. */
export function createLedger(
  db: Database,
  epoch: number,
  onReturned: (queue: QueueEntry, count: number) => void,
): Ledger {
  const touched = new Set<QueueEntry>();
  const updateCounts = command(
    db,
    `UPDATE queues SET scheduled = scheduled + ?, ready = ready + ?, leased = leased + ?,
       succeeded = succeeded + ?, failed = failed + ?, cancelled = cancelled + ?, expired = expired + ? WHERE id = ?`,
  );
  const insertEvents = command(
    db,
    "INSERT INTO events (row, queue, newest_at, log_bytes, facts) VALUES (?, ?, ?, ?, ?)",
  );
  let { nextRow, logBytes } = logEnd(db, epoch);

  function writeEvents(queue: QueueEntry): void {
    const facts = queue.facts.blob();
    insertEvents(nextRow, queue.id, queue.facts.newestAt, logBytes, facts);
    nextRow += 1;
    logBytes += facts.length + rowBytes;
    queue.facts.clear();
  }

  return {
    move(queue, from, to, tasks = 1) {
      if (from !== undefined) shift(queue, from, -tasks);
      if (to !== undefined) shift(queue, to, tasks);
      touched.add(queue);
    },
    note(queue, fact) {
      queue.facts.add(fact);
      touched.add(queue);
    },
    write() {
      for (const queue of touched) {
        if (queue.moved.some((by) => by !== 0)) updateCounts(...queue.moved, queue.id);
        const leased = queue.moved[stateCode.leased] ?? 0;
        if (leased < 0) onReturned(queue, -leased);
        queue.moved.fill(0);
        if (!queue.facts.isEmpty) writeEvents(queue);
      }
      touched.clear();
    },
    discard: () => touched.clear(),
  };
}

function shift(queue: QueueEntry, state: number, by: number): void {
  queue.depth[state] = (queue.depth[state] ?? 0) + by;
  queue.moved[state] = (queue.moved[state] ?? 0) + by;
  if (isLive(state)) queue.space.backlogTasks += by;
}

/**
 * Where the log goes on. Numbers of rows start from the epoch: a row that was lost with the power was perhaps read before, and its
 * number must not come again.
 */
function logEnd(db: Database, epoch: number): { nextRow: number; logBytes: number } {
  const [row, logBytes, length] = query<[number, number, number]>(
    db,
    "SELECT row, log_bytes, length(facts) FROM events ORDER BY row DESC LIMIT 1",
  ).get() ?? [0, 0, -rowBytes];
  return { nextRow: Math.max(row + 1, rowOfEpoch(epoch)), logBytes: logBytes + length + rowBytes };
}

/** No store writes more rows in a millisecond. Beyond 2^52 (a clock centuries ahead) only the order of writing counts. */
const rowOfEpoch = (epoch: number): number => (epoch < 2 ** 42 ? epoch * 1024 : 0);
