import type { AttemptRecord } from "../../model/attempt.ts";
import { contentHashOf } from "../../model/content-hash.ts";
import type { Replay } from "../../model/dead-letter.ts";
import type { Bytes, Instant, Namespace, QueueName, TaskId, TaskName, TaskRef } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import type { QueuePause } from "../../model/queue.ts";
import type { TaskHead, TaskState } from "../../model/task.ts";
import type { Revocation } from "../../ports/admin-store.ts";
import type { DefinitionRecord } from "../../ports/definition-store.ts";
import { createEventLog, type EventLog } from "./events.ts";
import { createHeap, type Heap, type Placed } from "./heap.ts";

/** One task. It stands in exactly one heap: the one of its state. */
export type Entry = Placed & {
  /** Its place in the order of acceptance, which is one for the whole store. */
  readonly seq: number;
  queue: QueueEntry;
  content: Bytes;
  contentHash: string | undefined;
  /** Replaced with every change and never changed itself, so that readers may keep it. */
  head: TaskHead;
  result: Bytes | undefined;
  failure: Bytes | undefined;
  /** What the newest attempt that left something left. */
  checkpoint: Bytes | undefined;
  /** The unique key that it claimed, where it did. */
  claim: Claim | undefined;
  /** The outcome that settled the newest lease; undefined while that is open. */
  settledHash: number | undefined;
  /** Attempts that ended badly, oldest first; undefined while there was none. */
  attempts?: AttemptRecord[];
  /** The task that replays this one. */
  replay?: Replay;
};

/** A claim of a unique key, also when it is over. */
export type Claim = {
  readonly key: string;
  readonly holder: Entry;
  readonly claimedAt: Instant;
  readonly keepUntil: Instant | undefined;
  readonly startBy: Instant | undefined;
  /** When it is free, known once its scope is over. */
  freeAt: Instant | undefined;
  duplicates: number;
};

/** The ready tasks of one queue and priority, in the order of acceptance. */
export type Lane = Placed & { readonly priority: number; readonly ready: Heap<Entry> };

/** What a task is known by. */
export const hashOf = ({ head, content, contentHash }: Entry): string =>
  contentHashOf({ namespace: head.namespace, content, contentHash });

/** One queue. */
export type QueueEntry = {
  readonly name: QueueName;
  readonly createdAt: Instant;
  readonly lanes: Map<number, Lane>;
  readonly depth: Record<TaskState, number>;
  pause: QueuePause | undefined;
};

/** What is remembered of a removed task. */
export type Tombstone = { readonly contentHash: string; readonly until: Instant };

/** One namespace. */
export type Space = {
  readonly tasks: Map<TaskId, Entry>;
  /** All tasks in the order of acceptance, and some that were removed meanwhile. */
  order: Entry[];
  readonly queues: Map<QueueName, QueueEntry>;
  /** In the order in which they end. */
  readonly tombstones: Map<TaskId, Tombstone>;
  /** The newest claim of each unique key. */
  readonly claims: Map<string, Claim>;
  /** Ids that are cancelled when they come. */
  readonly revocations: Map<TaskId, Revocation>;
};

/** All that a memory store keeps. */
export type State = {
  readonly limits: Limits;
  readonly epoch: number;
  /** The newest fence's number; fences rise over all tasks. */
  fenceSeq: number;
  /** The newest task's place in the order of acceptance. */
  acceptSeq: number;
  readonly spaces: Map<Namespace, Space>;
  readonly scheduled: Heap<Entry>;
  readonly leased: Heap<Entry>;
  readonly ended: Heap<Entry>;
  /** When waiting tasks have waited too long, and some that wait no more. */
  readonly waitUntil: Map<Entry, Instant>;
  readonly log: EventLog;
  readonly meta: Map<string, Bytes>;
  readonly definitions: Map<Namespace, Map<TaskName, DefinitionRecord>>;
};

/** Makes an empty state. */
export function createState(limits: Limits, epoch: number): State {
  return {
    limits,
    epoch,
    fenceSeq: 0,
    acceptSeq: 0,
    spaces: new Map(),
    scheduled: createHeap(earlier((head) => head.notBefore)),
    leased: createHeap(earlier((head) => head.leaseUntil)),
    ended: createHeap(earlier((head) => head.purgeAt)),
    waitUntil: new Map(),
    log: createEventLog(),
    meta: new Map(),
    definitions: new Map(),
  };
}

/** The namespace, made when it is new. */
export function spaceOf(state: State, namespace: Namespace): Space {
  let space = state.spaces.get(namespace);
  if (space === undefined) {
    space = {
      ...{ tasks: new Map(), order: [], queues: new Map() },
      ...{ tombstones: new Map(), claims: new Map(), revocations: new Map() },
    };
    state.spaces.set(namespace, space);
  }
  return space;
}

/** The task; undefined where there is none. */
export const find = (state: State, ref: TaskRef): Entry | undefined =>
  state.spaces.get(ref.namespace)?.tasks.get(ref.id);

/** Makes a queue that is not there yet; undefined when the namespace has as many as it may. */
export function makeQueue(
  state: State,
  space: Space,
  name: QueueName,
  createdAt: Instant,
): QueueEntry | undefined {
  if (space.queues.size >= state.limits.queuesPerNamespaceMax) return undefined;
  const depth = { scheduled: 0, ready: 0, leased: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 };
  const queue = { name, createdAt, lanes: new Map(), depth, pause: undefined };
  space.queues.set(name, queue);
  return queue;
}

/** Takes a new task up. */
export function insert(state: State, space: Space, entry: Entry): void {
  space.tasks.set(entry.head.id, entry);
  space.order.push(entry);
  enter(state, entry);
}

/** Takes a task out. */
export function remove(state: State, space: Space, entry: Entry): void {
  leave(state, entry);
  space.tasks.delete(entry.head.id);
  state.waitUntil.delete(entry);
  // Tidied up when half of it is gone, so that removing stays cheap.
  if (space.order.length > 2 * space.tasks.size) {
    space.order = space.order.filter((each) => space.tasks.get(each.head.id) === each);
  }
}

/** Writes a task's new head, and moves the task to where that belongs. */
export function replaceHead(state: State, entry: Entry, head: TaskHead): void {
  leave(state, entry);
  entry.head = head;
  enter(state, entry);
}

/** Writes a task's new head, and moves the task to another queue. */
export function moveEntry(state: State, entry: Entry, queue: QueueEntry, head: TaskHead): void {
  leave(state, entry);
  entry.queue = queue;
  entry.head = head;
  enter(state, entry);
}

function leave(state: State, entry: Entry): void {
  entry.queue.depth[entry.head.state] -= 1;
  heapOf(state, entry).remove(entry);
}

function enter(state: State, entry: Entry): void {
  entry.queue.depth[entry.head.state] += 1;
  heapOf(state, entry).add(entry);
}

function heapOf(state: State, { head, queue }: Entry): Heap<Entry> {
  switch (head.state) {
    case "scheduled":
      return state.scheduled;
    case "ready":
      return laneOf(queue, head.priority).ready;
    case "leased":
      return state.leased;
    case "succeeded":
    case "failed":
    case "cancelled":
    case "expired":
      return state.ended;
  }
}

function laneOf(queue: QueueEntry, priority: number): Lane {
  let lane = queue.lanes.get(priority);
  if (lane === undefined) {
    lane = { priority, ready: createHeap((a, b) => a.seq < b.seq), place: -1 };
    queue.lanes.set(priority, lane);
  }
  return lane;
}

/** By a time that every task of the heap has, then by acceptance. */
function earlier(timeOf: (head: TaskHead) => Instant | undefined): (a: Entry, b: Entry) => boolean {
  return (a, b) => {
    const [timeA, timeB] = [timeOf(a.head) ?? 0, timeOf(b.head) ?? 0];
    return timeA === timeB ? a.seq < b.seq : timeA < timeB;
  };
}
