import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { codeOfReason, stateCode } from "./codes.ts";
import { type Command, command, type Database, query, type Value } from "./files/connection.ts";
import { policyText } from "./policy-text.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Writing } from "./writing.ts";

/** What became of tasks that were to be inserted. */
export type Inserted = {
  /** The number of the state that they have. */
  readonly state: number;
  /** Whether the task at a place of the list was stored; if not, its id is taken. */
  readonly wasStored: (at: number) => boolean;
};

/** Tasks of one queue that have priority, policy and start in common. */
export type AlikeTasks = readonly [NewTask, ...NewTask[]];

/** Stores tasks that are alike. */
export type Insert = (tasks: AlikeTasks, queue: QueueEntry, now: Instant) => Inserted;

/** Makes insert. Rows go in by the dozen: running a statement costs about as much as what it does for one row. */
export function createInsert(writing: Writing): Insert {
  const { db, queues } = writing;
  const insertContents = createInsertContents(db);
  const insertTasks = createInsertTasks(writing);
  const insertTag = command(db, "INSERT OR IGNORE INTO tags (namespace, tag, seq) VALUES (?, ?, ?)");
  const selectStored = query<[number]>(db, "SELECT seq FROM contents WHERE seq BETWEEN ? AND ?");
  let nextSeq = newestSeq(db) + 1;

  function insertTags(namespace: number, tasks: readonly NewTask[], first: number, stored: StoredAt): void {
    for (const [at, { tags }] of tasks.entries())
      if (tags.length > 0 && stored(at)) for (const tag of tags) insertTag(namespace, tag, first + at);
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
    return { state, wasStored };
  };
}

type StoredAt = Inserted["wasStored"];
const all: StoredAt = () => true;

/** So many rows one statement takes, at most. */
const rowsMax = 64;
const contentColumns = "seq, namespace, id, hash, name, policy, tags, replay_of, content";
const contentRow = "(?, ?, ?, ?, ?, ?, ?, ?, ?)";

type InsertContents = (namespace: number, tasks: readonly NewTask[], firstSeq: number) => number;

/** Stores contents under consecutive numbers, leaving out those whose id is taken; answers how many it stored. */
function createInsertContents(db: Database): InsertContents {
  const commands = new Map<number, Command>();

  function commandFor(rows: number): Command {
    let found = commands.get(rows);
    if (found === undefined) {
      const values = new Array<string>(rows).fill(contentRow).join(", ");
      found = command(
        db,
        `INSERT INTO contents (${contentColumns}) VALUES ${values} ON CONFLICT (namespace, id) DO NOTHING`,
      );
      commands.set(rows, found);
    }
    return found;
  }

  return (namespace, tasks, firstSeq) => {
    let stored = 0;
    let at = 0;
    while (at < tasks.length) {
      const rows = rowsOfOne(tasks.length - at);
      const values: Value[] = [];
      for (const task of tasks.slice(at, at + rows)) {
        const { id, contentHash, name, policy, tags, replayOf, content } = task;
        const tagText = tags.length === 0 ? null : JSON.stringify(tags);
        const seq = firstSeq + at;
        values.push(
          seq,
          namespace,
          id,
          contentHash,
          name,
          policyText(policy),
          tagText,
          replayOf ?? null,
          content,
        );
        at += 1;
      }
      stored += commandFor(rows)(...values);
    }
    return stored;
  };
}

/** How many rows the next statement takes of those that are left: a power of four, so that few statements serve all lengths. */
function rowsOfOne(left: number): number {
  let rows = rowsMax;
  while (rows > left) rows /= 4;
  return rows;
}

type Range = { readonly first: number; readonly last: number; readonly now: Instant };

/** Gives the contents of a range their tasks; answers the state they begin in. */
function createInsertTasks({ db, epoch }: Writing) {
  // The fence's epoch has its final width from the start: a row that grows makes its page split.
  const insert = command(
    db,
    `INSERT INTO tasks (seq, content_bytes, queue, priority, state, reason, revision, attempt, deliveries, fence_epoch,
       fence_seq, timer_at, created_at, lease_ms, not_before)
     SELECT seq, length(content), ?, ?, ?, ?, 1, 1, 0, ?, 0, ?, ?, ?, ? FROM contents WHERE seq BETWEEN ? AND ?`,
  );
  return (like: NewTask, queue: QueueEntry, { first, last, now }: Range): number => {
    const { priority, policy, notBefore } = like;
    const isDelayed = notBefore !== undefined && notBefore > now;
    const state = isDelayed ? stateCode.scheduled : stateCode.ready;
    const reason = codeOfReason(isDelayed ? "delay" : undefined);
    const times = [isDelayed ? notBefore : now, now, policy.leaseMs ?? null, notBefore ?? null];
    insert(queue.id, priority, state, reason, epoch, ...times, first, last);
    return state;
  };
}

const newestSeq = (db: Database): number =>
  query<[number]>(db, "SELECT coalesce(max(seq), 0) FROM contents").get()?.[0] ?? 0;
