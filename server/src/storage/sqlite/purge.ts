import type { Instant, QueueRef } from "../../model/ids.ts";
import { transition } from "../../model/task-machine.ts";
import { stateCode, states } from "../sql/codes.ts";
import { type HeadRow, headColumns, headOf, isTied } from "../sql/task-row.ts";
import { query } from "./files/connection.ts";
import { contentJoins, headJoins } from "./head-joins.ts";
import { createPriorities } from "./priorities.ts";
import { createTransition } from "./transition.ts";
import type { Writing } from "./writing.ts";

/** Makes purge: cancels waiting tasks of a queue. */
export function createPurge(
  writing: Writing,
): (ref: QueueRef, upTo: number, now: Instant, limit: number) => number {
  const { db, queues } = writing;
  const write = createTransition(writing, "TRUE");
  const prioritiesOf = createPriorities(db);
  const selectReady = query<HeadRow>(
    db,
    `SELECT ${headColumns} FROM tasks t INDEXED BY tasks_ready ${headJoins}
     WHERE t.queue = ? AND t.state = ${stateCode.ready} AND t.tied IS NULL AND t.priority = ? AND t.seq <= ? ORDER BY t.seq LIMIT ?`,
  );
  const selectTied = query<HeadRow>(
    db,
    `SELECT ${headColumns} FROM ties x INDEXED BY ties_queue CROSS JOIN tasks t ON t.seq = x.seq ${contentJoins}
     WHERE x.queue = ? AND x.state = ${stateCode.ready} AND x.seq <= ? ORDER BY x.seq LIMIT ?`,
  );
  const selectScheduled = query<HeadRow>(
    db,
    `SELECT ${headColumns} FROM tasks t INDEXED BY tasks_scheduled ${headJoins}
     WHERE t.queue = ? AND t.state = ${stateCode.scheduled} AND t.seq <= ? ORDER BY t.seq LIMIT ?`,
  );

  function waiting(queue: number, upTo: number, limit: number): HeadRow[] {
    const found: HeadRow[] = [];
    for (const priority of prioritiesOf(queue)) {
      found.push(...selectReady.all(queue, priority, upTo, limit - found.length));
    }
    found.push(...selectTied.all(queue, upTo, limit - found.length));
    found.push(...selectScheduled.all(queue, upTo, limit - found.length));
    return found;
  }

  return (ref, upTo, now, limit) => {
    const queue = queues.find(ref.namespace, ref.queue);
    if (queue === undefined) return 0;
    const rows = waiting(queue.id, upTo, limit);
    for (const row of rows) {
      const head = headOf(row);
      const change = transition(head, { kind: "purge" }, now);
      const target = { ...head, seq: row[0], queue, state: states.code(head.state), isTied: isTied(row) };
      if (change) write(target, { change, now, outcomeHash: undefined });
    }
    return rows.length;
  };
}
