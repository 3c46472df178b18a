import type { Instant, TaskRef } from "../../model/ids.ts";
import type { TaskHead } from "../../model/task.ts";
import { transition } from "../../model/task-machine.ts";
import type { Overdue } from "../../ports/deadline-store.ts";
import { states } from "../sql/codes.ts";
import { type HeadRow, headColumns, headOf, isTied } from "../sql/task-row.ts";
import { query } from "./files/connection.ts";
import { headJoins } from "./head-joins.ts";
import { createTransition } from "./transition.ts";
import type { Writing } from "./writing.ts";

/** Ends the tasks with these numbers, whose time has come, as far as they wait; answers those that it ended. */
export type EndOverdue = (seqs: readonly number[], now: Instant) => readonly TaskRef[];

/** Makes what ends overdue tasks. */
export function createEndOverdue(writing: Writing): EndOverdue {
  const { db, queues, deadlines } = writing;
  const write = createTransition(writing, "TRUE");
  const select = query<HeadRow>(db, `SELECT ${headColumns} FROM tasks t ${headJoins} WHERE t.seq = ?`);

  function end(row: HeadRow, head: TaskHead, now: Instant): boolean {
    const change = transition(head, { kind: "overdue" }, now);
    const queue = queues.find(head.namespace, head.queue);
    if (change === undefined || queue === undefined) return false;
    const target = { ...head, seq: row[0], queue, state: states.code(head.state), isTied: isTied(row) };
    return write(target, { change, now, outcomeHash: undefined });
  }

  return (seqs, now) => {
    const ended: TaskRef[] = [];
    for (const seq of seqs) {
      const row = select.get(seq);
      if (row === undefined) continue;
      const head = headOf(row);
      if (end(row, head, now)) ended.push({ namespace: head.namespace, id: head.id });
    }
    deadlines.drop(seqs);
    return ended;
  };
}

/** Makes expireOverdue: ends waiting tasks that have waited too long. */
export function createExpireOverdue(writing: Writing): (now: Instant, limit: number) => Overdue {
  const { deadlines } = writing;
  const endOverdue = createEndOverdue(writing);
  return (now, limit) => {
    const due = deadlines.mayBeDue(now) ? deadlines.due(now, limit) : [];
    return { expired: endOverdue(due, now), seen: due.length };
  };
}
