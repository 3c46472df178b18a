import { waitingUntil } from "../../model/deadline.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { codeOfReason, stateCode } from "../sql/codes.ts";
import { policyText } from "../sql/policy-text.ts";
import { textOfTies } from "../sql/ties-text.ts";
import { command, type Database, query, type Value } from "./files/connection.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { byDozens, createByRows, valuesOf } from "./rows-by-dozen.ts";
import type { Writing } from "./writing.ts";

/** What became of tasks that were to be inserted. */
export type Inserted = {
  /** The number of the first one's row; those behind it follow. */
  readonly first: number;
  /** The number of the state that they have. */
  readonly state: number;
  /** Whether the task at a place of the list was stored; if not, its id is taken. */
  readonly wasStored: (at: number) => boolean;
};

/** Tasks of one queue that have priority, policy and start in common. */
export type AlikeTasks = readonly [NewTask, ...NewTask[]];

/** Stores tasks that are alike. */
export type Insert = (tasks: AlikeTasks, queue: QueueEntry, now: Instant) => Inserted;

/** Makes insert. */
export function createInsert(writing: Writing): Insert {
  const { db, queues, deadlines } = writing;
  const insertContents = createInsertContents(db);
  const insertTasks = createInsertTasks(writing);
  const insertTag = command(db, "INSERT OR IGNORE INTO tags (namespace, tag, seq) VALUES (?, ?, ?)");
  const selectStored = query<[number]>(db, "SELECT seq FROM contents WHERE seq BETWEEN ? AND ?");
  let nextSeq = newestSeq(db) + 1;

  function insertTags(namespace: number, tasks: readonly NewTask[], first: number, stored: StoredAt): void {
    for (const [at, { tags }] of tasks.entries())
      if (tags.length > 0 && stored(at)) for (const tag of tags) insertTag(namespace, tag, first + at);
  }

  function setDeadlines(
    tasks: AlikeTasks,
    first: number,
    { state, wasStored }: Inserted,
    now: Instant,
  ): void {
    const isReady = state === stateCode.ready;
    const at = waitingUntil(
      { policy: tasks[0].policy, createdAt: now },
      isReady ? "ready" : "scheduled",
      now,
    );
    if (at === undefined) return;
    for (const place of tasks.keys()) if (wasStored(place)) deadlines.put(first + place, at);
  }

  return (tasks, queue, now) => {
    const namespace = queues.makeNamespace(queue.namespace);
    const first = nextSeq;
    const last = first + tasks.length - 1;
    nextSeq = last + 1;
    const count = insertContents(namespace, tasks, first);
    const state = insertTasks(tasks[0], queue, { first, last, now });
    let wasStored: StoredAt = all;
    if (count < tasks.length) {
      const stored = new Set(selectStored.all(first, last).map(([seq]) => seq));
      wasStored = (at) => stored.has(first + at);
    }
    insertTags(namespace, tasks, first, wasStored);
    const inserted = { first, state, wasStored };
    setDeadlines(tasks, first, inserted, now);
    return inserted;
  };
}

type StoredAt = Inserted["wasStored"];
const all: StoredAt = () => true;

const columns = "seq, namespace, name, policy, id, hash, content, tags, replay_of";
const unlessTaken = "ON CONFLICT (namespace, id) DO NOTHING";

// Handing a value over costs about as much as keeping it. So what rows have in common is handed over once, and most tasks of a batch
// differ in id and content only. No numbered parameters, which the client looks up one by one.
const plainSql = (rows: number): string =>
  `INSERT INTO contents (${columns}, parent_id, root_id)
   SELECT shared.seq + own.column1, shared.namespace, shared.name, shared.policy, own.column2, '', own.column3, NULL, NULL,
     shared.parent, shared.root
   FROM (SELECT ? AS seq, ? AS namespace, ? AS name, ? AS policy, ? AS parent, ? AS root) AS shared,
     (VALUES ${Array.from({ length: rows }, (_, at) => `(${at}, ?, ?)`).join(", ")}) AS own
   WHERE true ${unlessTaken}`;
const anySql = (rows: number): string =>
  `INSERT INTO contents (${columns}, ties, parent_id, root_id)
   VALUES ${valuesOf("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)} ${unlessTaken}`;

type InsertContents = (namespace: number, tasks: readonly NewTask[], firstSeq: number) => number;

/** Stores contents under consecutive numbers, leaving out those whose id is taken; answers how many it stored. */
function createInsertContents(db: Database): InsertContents {
  const plain = createByRows((rows) => command(db, plainSql(rows)));
  const any = createByRows((rows) => command(db, anySql(rows)));

  function insertPlain(namespace: number, tasks: AlikeTasks, seq: number): number {
    const [{ name, policy, lineage }] = tasks;
    const values: Value[] = [seq, namespace, name, policyText(policy)];
    values.push(lineage?.parentId ?? null, lineage?.rootId ?? null);
    for (const { id, content } of tasks) values.push(id, content);
    return plain(tasks.length)(...values);
  }

  function insertAny(namespace: number, tasks: AlikeTasks, seq: number): number {
    const values: Value[] = [];
    for (const [at, task] of tasks.entries()) {
      const tagText = task.tags.length === 0 ? null : JSON.stringify(task.tags);
      values.push(
        seq + at,
        namespace,
        task.name,
        policyText(task.policy),
        task.id,
        task.contentHash ?? "",
        task.content,
      );
      const { replayOf, ties, lineage } = task;
      values.push(tagText, replayOf ?? null, textOfTies(ties));
      values.push(lineage?.parentId ?? null, lineage?.rootId ?? null);
    }
    return any(tasks.length)(...values);
  }

  return (namespace, tasks, firstSeq) => {
    let stored = 0;
    let at = 0;
    for (const dozen of byDozens(tasks)) {
      const some = dozen as unknown as AlikeTasks;
      const insert = arePlain(some) ? insertPlain : insertAny;
      stored += insert(namespace, some, firstSeq + at);
      at += some.length;
    }
    return stored;
  };
}

const arePlain = (tasks: AlikeTasks): boolean =>
  tasks.every(
    ({ name, tags, replayOf, ties, lineage, contentHash }) =>
      name === tasks[0].name &&
      tags.length === 0 &&
      replayOf === undefined &&
      ties === undefined &&
      lineage === tasks[0].lineage &&
      contentHash === undefined,
  );

type Range = { readonly first: number; readonly last: number; readonly now: Instant };

/** Gives the contents of a range their tasks; answers the state they begin in. */
function createInsertTasks({ db, epoch, gates }: Writing) {
  // The fence's epoch has its final width from the start: a row that grows makes its page split.
  const insert = command(
    db,
    `INSERT INTO tasks (seq, content_bytes, queue, priority, state, reason, revision, attempt, deliveries, fence_epoch,
       fence_seq, timer_at, created_at, lease_ms, not_before, limit_ms, tied)
     SELECT seq, length(content), ?, ?, ?, ?, 1, 1, 0, ?, 0, ?, ?, ?, ?, ?, ? FROM contents WHERE seq BETWEEN ? AND ?`,
  );
  return (like: NewTask, queue: QueueEntry, { first, last, now }: Range): number => {
    const { priority, policy, notBefore } = like;
    const isDelayed = notBefore !== undefined && notBefore > now;
    const state = isDelayed ? stateCode.scheduled : stateCode.ready;
    const reason = codeOfReason(isDelayed ? "delay" : undefined);
    const times = [isDelayed ? notBefore : now, now, policy.leaseMs ?? null, notBefore ?? null];
    const limitMs = policy.timeLimitMs ?? null;
    const tied = gates.isTied(like) ? 1 : null;
    insert(queue.id, priority, state, reason, epoch, ...times, limitMs, tied, first, last);
    return state;
  };
}

/** No task may get the number of one that still has a row somewhere: a claim of a unique key may outlive all else. */
const newestSeq = (db: Database): number =>
  query<[number]>(
    db,
    `SELECT max(coalesce((SELECT max(seq) FROM contents), 0), coalesce((SELECT max(seq) FROM unique_claims), 0))`,
  ).get()?.[0] ?? 0;
