import type { NodeEnd } from "../../model/barrier.ts";
import type { Growth } from "../../model/canvas.ts";
import { laneOf } from "../../model/gate.ts";
import { isBefore, type Stage, stages } from "../../model/gatekeeper.ts";
import type {
  Bytes,
  Instant,
  Namespace,
  QueueName,
  ScheduleId,
  TaskId,
  TaskName,
  TaskRef,
} from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import type { NamespaceRecord, QueueCreation } from "../../model/namespace.ts";
import type { Place } from "../../model/place.ts";
import { unsaidSettings } from "../../model/queue.ts";
import { isTerminal, type TaskHead } from "../../model/task.ts";
import type { Revocation } from "../../ports/admin-store.ts";
import type { DefinitionRecord } from "../../ports/definition-store.ts";
import { type Canvases, createCanvases } from "./canvases.ts";
import type { Backlog, Claim, Entry, Lane, QueueEntry, ScheduleEntry } from "./entry.ts";
import { createEventLog, type EventLog } from "./events.ts";
import { count, createGates, type Gates, gateOf, limitAt, line, lineOf, ring } from "./gates.ts";
import { createHeap, type Heap } from "./heap.ts";
import { type ShelfEntries, unshelve } from "./shelf.ts";
import { turnOf } from "./turns.ts";

/** What is remembered of a removed task. */
export type Tombstone = { readonly contentHash: string; readonly until: Instant };

/** One namespace. */
export type Space = {
  /** What operators said of it; undefined: nobody made it, and it obeys nothing. */
  record: NamespaceRecord | undefined;
  readonly backlog: Backlog;
  readonly tasks: Map<TaskId, Entry>;
  /** All tasks in the order of acceptance, and some that were removed meanwhile. */
  order: Entry[];
  /** Those that were deleted among them, as long as there are records of their tasks. */
  readonly queues: Map<QueueName, QueueEntry>;
  /** In the order in which they end. */
  readonly tombstones: Map<TaskId, Tombstone>;
  /** The newest claim of each unique key. */
  readonly claims: Map<string, Claim>;
  /** Ids that are cancelled when they come. */
  readonly revocations: Map<TaskId, Revocation>;
  readonly canvases: Canvases;
  readonly schedules: Map<ScheduleId, ScheduleEntry>;
};

/** What the verb under way still has to do before it is over. */
export type Owed =
  | { readonly kind: "end"; readonly end: NodeEnd; readonly now: Instant }
  | {
      readonly kind: "growth";
      readonly head: TaskHead;
      readonly place: Place;
      readonly growth: Growth;
      readonly now: Instant;
    };

/** All that a memory store keeps. */
export type State = {
  readonly limits: Limits;
  readonly epoch: number;
  /** How queues come into being where their namespace says nothing. */
  queueCreation: QueueCreation;
  /** The newest fence's number; fences rise over all tasks. */
  fenceSeq: number;
  /** The newest task's place in the order of acceptance. */
  acceptSeq: number;
  readonly spaces: Map<Namespace, Space>;
  readonly scheduled: Heap<Entry>;
  readonly leased: Heap<Entry>;
  readonly ended: Heap<Entry>;
  readonly gates: Gates;
  /** Schedules that somebody has to look at, earliest first. */
  readonly planned: Heap<ScheduleEntry>;
  /** When waiting tasks have waited too long, and some that wait no more. */
  readonly waitUntil: Map<Entry, Instant>;
  /** By namespace and name. */
  readonly shelves: Map<string, ShelfEntries>;
  /** What has ended, and others have not been told. */
  readonly owed: Owed[];
  readonly log: EventLog;
  readonly meta: Map<string, Bytes>;
  readonly definitions: Map<Namespace, Map<TaskName, DefinitionRecord>>;
};

/** Makes an empty state. */
export function createState(limits: Limits, epoch: number): State {
  const state: State = {
    limits,
    epoch,
    queueCreation: "on_use",
    fenceSeq: 0,
    acceptSeq: 0,
    spaces: new Map(),
    scheduled: createHeap(earlier((head) => head.notBefore)),
    leased: createHeap(earlier((head) => head.leaseUntil)),
    ended: createHeap(earlier((head) => head.purgeAt)),
    gates: createGates((entry, stage) => stand(state, entry, stage)),
    planned: createHeap((a, b) => lookAt(a) < lookAt(b)),
    waitUntil: new Map(),
    shelves: new Map(),
    owed: [],
    log: createEventLog(),
    meta: new Map(),
    definitions: new Map(),
  };
  return state;
}

/** The namespace, made when it is new. */
export function spaceOf(state: State, namespace: Namespace): Space {
  let space = state.spaces.get(namespace);
  if (space === undefined) {
    space = {
      ...{ record: undefined, backlog: { tasks: 0, bytes: 0 } },
      ...{ tasks: new Map(), order: [], queues: new Map() },
      ...{ tombstones: new Map(), claims: new Map(), revocations: new Map() },
      canvases: createCanvases(),
      schedules: new Map(),
    };
    state.spaces.set(namespace, space);
  }
  return space;
}

/** The task; undefined where there is none. */
export const find = (state: State, ref: TaskRef): Entry | undefined =>
  state.spaces.get(ref.namespace)?.tasks.get(ref.id);

/** Makes a queue that is not there, in the place of one that was deleted, if there is a record of that. */
export function makeQueue(space: Space, name: QueueName, createdAt: Instant): QueueEntry {
  const deleted = space.queues.get(name);
  if (deleted !== undefined) return Object.assign(deleted, { createdAt, ...asNew() });
  const depth = { scheduled: 0, ready: 0, leased: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 };
  const queue: QueueEntry = {
    ...{ name, createdAt, depth, priorities: new Map(), backlog: space.backlog, lanes: new Map() },
    ...asNew(),
  };
  space.queues.set(name, queue);
  return queue;
}

const asNew = () => ({
  ...{ settings: unsaidSettings, revision: 1, life: "there" as const, leftAt: undefined },
  ...{ pause: undefined, turn: undefined, turns: new Map<string, never>() },
});

/** Takes a new task up. */
export function insert(state: State, space: Space, entry: Entry): void {
  space.tasks.set(entry.head.id, entry);
  space.order.push(entry);
  line(state.gates, entry, "add");
  pass(state, entry);
  enter(state, entry);
}

/** Takes a task out. */
export function remove(state: State, space: Space, entry: Entry): void {
  leave(state, entry);
  line(state.gates, entry, "delete");
  space.tasks.delete(entry.head.id);
  state.waitUntil.delete(entry);
  unshelve(state, entry);
  // Tidied up when half of it is gone, so that removing stays cheap.
  if (space.order.length > 2 * space.tasks.size) {
    space.order = space.order.filter((each) => space.tasks.get(each.head.id) === each);
  }
}

/** All ready tasks of a queue, wherever they stand, in no order. */
export function* readyIn({ gates }: State, queue: QueueEntry): Iterable<Entry> {
  for (const lane of queue.lanes.values()) yield* lane.ready.items();
  const lines = gates.members.values().flatMap((members) => members.lines.values());
  const waiting = [gates.behind, ...lines.map((each) => each.waiting)];
  for (const heap of waiting) for (const entry of heap.items()) if (entry.queue === queue) yield entry;
}

/** Writes a task's new head, and moves the task to where that belongs. */
export function replaceHead(state: State, entry: Entry, head: TaskHead): void {
  const { gates } = state;
  leave(state, entry);
  gates.keeper.touch(entry);
  const returned = entry.head.state === "leased" && head.state !== "leased";
  entry.head = head;
  if (isTerminal(head.state)) {
    line(gates, entry, "delete");
    gates.keeper.touchOrder(entry);
  }
  pass(state, entry);
  enter(state, entry);
  if (returned && entry.queue.depth.ready > 0) ringLimited(gates, entry);
}

/** Moves a ready task to another place among its gates. */
export function stand(state: State, entry: Entry, stage: Stage): void {
  leave(state, entry);
  entry.held = stage;
  enter(state, entry);
}

/** A task that has become ready stands at the first gate that it has. */
function pass({ gates }: State, entry: Entry): void {
  entry.held = entry.head.state === "ready" ? gates.keeper.stageOf(entry) : stages.free;
}

function ringLimited(gates: Gates, { head, queue }: Entry): void {
  const { namespace } = head;
  const live = limitAt(gates, { namespace, kind: "queue", subject: queue.name });
  if (live?.limit.concurrency !== undefined) ring(gates, head, queue, 1);
}

/** Writes a task's new head, and moves the task to another queue. */
export function moveEntry(state: State, entry: Entry, queue: QueueEntry, head: TaskHead): void {
  leave(state, entry);
  state.gates.keeper.touch(entry);
  // It stays in the order in which it was accepted; turns are those of its queue.
  if (queue !== entry.queue) entry.turn = turnOf(queue, head.ties?.fairnessKey);
  entry.queue = queue;
  entry.priority = head.priority;
  entry.head = head;
  pass(state, entry);
  enter(state, entry);
}

function leave(state: State, entry: Entry): void {
  const { backlog } = entry.queue;
  countIn(entry, -1);
  if (!isTerminal(entry.head.state)) {
    backlog.tasks -= 1;
    backlog.bytes -= entry.countedBytes;
  }
  heapOf(state, entry).remove(entry);
  count(state.gates, entry, "delete");
}

function enter(state: State, entry: Entry): void {
  const { backlog } = entry.queue;
  countIn(entry, 1);
  entry.countedBytes = entry.content.length;
  if (!isTerminal(entry.head.state)) {
    backlog.tasks += 1;
    backlog.bytes += entry.countedBytes;
  }
  heapOf(state, entry).add(entry);
  count(state.gates, entry, "add");
}

function countIn({ queue, head }: Entry, by: 1 | -1): void {
  const { depth, priorities } = queue;
  depth[head.state] += by;
  if (head.state === "ready") priorities.set(head.priority, (priorities.get(head.priority) ?? 0) + by);
}

function heapOf(state: State, entry: Entry): Heap<Entry> {
  const { head, queue } = entry;
  switch (head.state) {
    case "scheduled":
      return state.scheduled;
    case "ready": {
      if (entry.held === stages.ordering) return state.gates.behind;
      const gate = gateOf(entry);
      return gate ? lineOf(state.gates, gate, entry).waiting : laneFor(queue, head).ready;
    }
    case "leased":
      return state.leased;
    case "succeeded":
    case "failed":
    case "cancelled":
    case "expired":
      return state.ended;
  }
}

function laneFor(queue: QueueEntry, { priority, ties }: TaskHead): Lane {
  const key = `${priority} ${laneOf(ties?.labels)}`;
  let lane = queue.lanes.get(key);
  if (lane === undefined) {
    lane = { labels: ties?.labels, ready: createHeap<Entry>(isBefore), place: -1 };
    queue.lanes.set(key, lane);
  }
  return lane;
}

const lookAt = ({ schedule }: ScheduleEntry): number => schedule.progress.lookAt ?? 0;

/** By a time that every task of the heap has, next by acceptance. */
function earlier(timeOf: (head: TaskHead) => Instant | undefined): (a: Entry, b: Entry) => boolean {
  return (a, b) => {
    const [timeA, timeB] = [timeOf(a.head) ?? 0, timeOf(b.head) ?? 0];
    return timeA === timeB ? a.seq < b.seq : timeA < timeB;
  };
}
