import { quotaBytes } from "../../model/continuation.ts";
import { expiringFrom, waitingUntil } from "../../model/deadline.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask, TaskHead, TaskPolicy } from "../../model/task.ts";
import { debouncedStart } from "../../model/unique.ts";
import { stateCode } from "../sql/codes.ts";
import { isLinked } from "../sql/links-text.ts";
import { policyText } from "../sql/policy-text.ts";
import { storedHash } from "../sql/stored-hash.ts";
import { command, query } from "./files/connection.ts";
import type { Writing } from "./writing.ts";

/** The task that waits under a key. */
export type Waiting = {
  readonly seq: number;
  readonly head: TaskHead;
  readonly startBy: Instant | undefined;
  readonly isTied: boolean;
};

/** Makes the writer of a newcomer over the task that waits: what it says holds from now on, and its start is put off. */
export function createDebounce({
  db,
  ledger,
  backlog,
  queues,
  gates,
  deadlines,
  links,
}: Writing): (task: NewTask, waiting: Waiting, now: Instant) => void {
  const selectContent = query<[hash: string, content: Uint8Array]>(
    db,
    "SELECT hash, content FROM contents WHERE seq = ?",
  );
  const updateContent = command(db, "UPDATE contents SET content = ?, policy = ?, hash = ? WHERE seq = ?");
  // A task that is due already starts as it would have; its place among those that are ready is its own.
  const updateTask = command(
    db,
    `UPDATE tasks SET revision = revision + 1, content_bytes = ?1, lease_ms = ?2, limit_ms = ?6,
       priority = CASE state WHEN ${stateCode.scheduled} THEN ?3 ELSE priority END,
       not_before = CASE state WHEN ${stateCode.scheduled} THEN ?4 ELSE not_before END,
       timer_at = CASE state WHEN ${stateCode.scheduled} THEN ?4 ELSE timer_at END
     WHERE seq = ?5`,
  );

  function setDeadline(seq: number, { state, createdAt }: TaskHead, policy: TaskPolicy, now: Instant): void {
    const at = waitingUntil({ policy, createdAt }, state === "ready" ? "ready" : "scheduled", now);
    if (at === undefined) deadlines.drop([seq]);
    else deadlines.put(seq, at);
  }

  return (task, { seq, head, startBy, isTied }, now) => {
    const { namespace, queue: queueName, id, state, reason, attempt, revision } = head;
    const queue = queues.find(namespace, queueName);
    const [hash, content] = selectContent.get(seq) ?? [];
    if (queue === undefined || hash === undefined || content === undefined)
      throw new Error("a task that waits has no content");
    // What makes a repeat of the first submission a duplicate is what was submitted then.
    const policy = expiringFrom(now, { policy: task.policy, createdAt: head.createdAt });
    backlog.grows(queue, quotaBytes(task) - backlog.bytesOf(queue.space, seq));
    updateContent(task.content, policyText(policy), storedHash(namespace, hash, content), seq);
    const start = debouncedStart(task.notBefore ?? now, startBy, now);
    const { leaseMs = null, timeLimitMs = null } = policy;
    updateTask(task.content.length, leaseMs, task.priority, start, seq, timeLimitMs);
    if (isLinked(policy) || isLinked(head.policy)) {
      links.drop(`[${seq}]`);
      links.put(seq, task);
    }
    setDeadline(seq, head, policy, now);
    const priority = state === "scheduled" ? task.priority : head.priority;
    if (isTied) gates.edited(seq, queue, { state, priority });
    ledger.note(queue, { kind: "updated", reason, id, revision: revision + 1, attempt, at: now });
  };
}
