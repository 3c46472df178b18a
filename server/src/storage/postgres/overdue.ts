import type { Instant, TaskRef } from "../../model/ids.ts";
import { transition } from "../../model/task-machine.ts";
import type { Overdue } from "../../ports/deadline-store.ts";
import { int8s } from "./arrays.ts";
import { createRows } from "./rows.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";
import { writeRows } from "./write-rows.ts";

const forget = statement("UPDATE tasks SET deadline_at = NULL WHERE seq = ANY ($1::int8[])");

/** Ends the tasks with these numbers, whose time has come, as far as they wait; answers those that it ended. */
export async function endOverdue(
  work: Work,
  seqs: readonly number[],
  now: Instant,
): Promise<readonly TaskRef[]> {
  const rows = createRows(work);
  const ended: TaskRef[] = [];
  for (const row of await rows.lockSeqs(seqs)) {
    // Another server may have ended it, or it may have begun to wait anew.
    if (row.deadlineAt === undefined || row.deadlineAt > now) continue;
    const change = transition(row.head, { kind: "overdue" }, now);
    if (change === undefined) continue;
    rows.change(row, { change, now });
    ended.push({ namespace: row.head.namespace, id: row.head.id });
  }
  await writeRows(work, rows);
  await work.db.run(forget, int8s(seqs));
  return ended;
}

const selectDue = statement<[seq: number]>(
  "SELECT seq FROM tasks WHERE deadline_at IS NOT NULL AND deadline_at <= $1 ORDER BY deadline_at, seq LIMIT $2",
);

/** Ends waiting tasks that have waited too long. */
export async function expireOverdue(work: Work, now: Instant, limit: number): Promise<Overdue> {
  const due = (await work.db.rows(selectDue, now, limit)).map(([seq]) => seq);
  const expired = due.length === 0 ? [] : await endOverdue(work, due, now);
  return { expired, seen: due.length };
}
