import { quotaBytes } from "../../model/continuation.ts";
import { expiringFrom, waitingUntil } from "../../model/deadline.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { debouncedStart } from "../../model/unique.ts";
import { isLinked } from "../sql/links-text.ts";
import { quotaBytesOf } from "./backlog.ts";
import { replaceLinks } from "./links.ts";
import { rewriteContent } from "./rewrite-content.ts";
import type { Row, Rows } from "./rows.ts";
import type { Work } from "./work.ts";
import { writeRows } from "./write-rows.ts";

/** A newcomer, and the task that waits under its key. */
export type Debounced = {
  readonly task: NewTask;
  readonly rows: Rows;
  readonly row: Row;
  readonly startBy: Instant | undefined;
};

/** Writes a newcomer over the task that waits: what it says holds from now on, and its start is put off. */
export async function debounce(
  work: Work,
  { task, rows, row, startBy }: Debounced,
  now: Instant,
): Promise<void> {
  const { head } = row;
  const isScheduled = head.state === "scheduled";
  const policy = expiringFrom(now, { policy: task.policy, createdAt: head.createdAt });
  const start = debouncedStart(task.notBefore ?? now, startBy, now);
  // A task that is due already starts as it would have; its place among those that are ready is its own.
  rows.replace(row, {
    ...head,
    policy,
    revision: head.revision + 1,
    ...(isScheduled && { priority: task.priority, notBefore: start }),
  });
  rows.leftovers.policies.set(row.seq, policy);
  row.deadlineAt = waitingUntil(row.head, isScheduled ? "scheduled" : "ready", now);
  work.backlog.grows(
    row.queue,
    quotaBytes(task) - ((await quotaBytesOf(work.db, [row.seq])).get(row.seq) ?? 0),
  );
  if (isLinked(policy) || isLinked(head.policy)) await replaceLinks(work, { seq: row.seq, task });
  await rewriteContent(work, row, task.content);
  await writeRows(work, rows);
  await work.gates.edited(row, { isMoved: false });
  const { id, revision, attempt, reason } = row.head;
  work.ledger.note(row.queue, { kind: "updated", reason, id, revision, attempt, at: now });
}
