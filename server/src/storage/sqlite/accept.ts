import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { AcceptBatch, AcceptVerdict } from "../../ports/task-store.ts";
import { codeOfReason, stateCode } from "./codes.ts";
import { command, type Database, query } from "./files/connection.ts";
import { createFindHash } from "./find.ts";
import { createJudge } from "./judge.ts";
import { policyText } from "./policy-text.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Writing } from "./writing.ts";

/** Makes accept: stores new tasks one after the other. An atomic batch is judged first, and stored only when nothing is in the way. */
export function createAccept(writing: Writing): (batch: AcceptBatch) => readonly AcceptVerdict[] {
  const { queues, ledger, limits } = writing;
  const insert = createInsert(writing);
  const findHash = createFindHash(writing);
  const judge = createJudge(writing, findHash);

  function acceptOne(task: NewTask, now: Instant): AcceptVerdict {
    const queue = queues.find(task.namespace, task.queue) ?? makeQueue(task, now);
    if (queue === undefined) return known(task) ?? "queue_limit";
    const state = insert(task, queue, now);
    if (state === undefined) return known(task) ?? "exists";
    ledger.move(queue, undefined, state);
    const reason = state === stateCode.scheduled ? "delay" : undefined;
    ledger.note(queue, { kind: "accepted", reason, id: task.id, revision: 1, attempt: 1, at: now });
    return "accepted";
  }

  /** A queue comes into being with its first task: not for one that is known, nor beyond the limit. */
  function makeQueue(task: NewTask, now: Instant): QueueEntry | undefined {
    const { namespace, queue } = task;
    if (queues.count(namespace) >= limits.queuesPerNamespaceMax || known(task) !== undefined)
      return undefined;
    return queues.make(namespace, queue, now);
  }

  function known(task: NewTask): "duplicate" | "exists" | undefined {
    const hash = findHash(task);
    if (hash === undefined) return undefined;
    return hash === task.contentHash ? "duplicate" : "exists";
  }

  return ({ tasks, now, atomic }) => {
    const refusal = atomic ? judge(tasks) : undefined;
    return refusal ?? tasks.map((task) => acceptOne(task, now));
  };
}

/** Stores a task; answers its state's number, or undefined where the id is taken. */
type Insert = (task: NewTask, queue: QueueEntry, now: Instant) => number | undefined;

function createInsert({ db, queues, epoch }: Writing): Insert {
  const insertContent = command(
    db,
    `INSERT INTO contents (seq, namespace, id, hash, name, policy, tags, replay_of, content)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (namespace, id) DO NOTHING`,
  );
  // The fence's epoch has its final width from the start: a row that grows makes its page split.
  const insertTask = command(
    db,
    `INSERT INTO tasks (seq, queue, priority, state, reason, revision, attempt, deliveries, fence_epoch, fence_seq,
       timer_at, created_at, lease_ms, not_before)
     VALUES (?, ?, ?, ?, ?, 1, 1, 0, ?, 0, ?, ?, ?, ?)`,
  );
  const insertTag = command(db, "INSERT OR IGNORE INTO tags (namespace, tag, seq) VALUES (?, ?, ?)");
  let nextSeq = newestSeq(db) + 1;

  return (task, queue, now) => {
    const { id, name, tags, notBefore, policy } = task;
    const namespace = queues.makeNamespace(task.namespace);
    const tagText = tags.length === 0 ? null : JSON.stringify(tags);
    const taken = [task.contentHash, name, policyText(policy), tagText, task.replayOf ?? null, task.content];
    const seq = nextSeq;
    if (insertContent(seq, namespace, id, ...taken) === 0) return undefined;
    nextSeq += 1;
    const isDelayed = notBefore !== undefined && notBefore > now;
    const state = isDelayed ? stateCode.scheduled : stateCode.ready;
    const reason = codeOfReason(isDelayed ? "delay" : undefined);
    const timerAt = isDelayed ? notBefore : now;
    const times = [timerAt, now, policy.leaseMs ?? null, notBefore ?? null];
    insertTask(seq, queue.id, task.priority, state, reason, epoch, ...times);
    for (const tag of tags) insertTag(namespace, tag, seq);
    return state;
  };
}

const newestSeq = (db: Database): number =>
  query<[number]>(db, "SELECT coalesce(max(seq), 0) FROM contents").get()?.[0] ?? 0;
