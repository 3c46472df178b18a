import { quotaBytes } from "../../model/continuation.ts";
import { laneOf } from "../../model/gate.ts";
import { isBefore, type Stage, stages } from "../../model/gatekeeper.ts";
import type { Bytes, Instant, Namespace, TaskName, TaskRef } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import type { QueueCreation } from "../../model/namespace.ts";
import { isTerminal, type TaskHead } from "../../model/task.ts";
import type { DefinitionRecord } from "../../ports/definition-store.ts";
import type { Entry, Lane, QueueEntry, ScheduleEntry } from "./entry.ts";
import { createEventLog, type EventLog } from "./events.ts";
import { count, createGates, type Gates, gateOf, limitAt, line, lineOf, ring } from "./gates.ts";
import { createHeap, type Heap } from "./heap.ts";
import type { Owed } from "./owed.ts";
import { type ShelfEntries, unshelve } from "./shelf.ts";
import { createSpace, type Space } from "./space.ts";
import { turnOf } from "./turns.ts";

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
    space = createSpace();
    state.spaces.set(namespace, space);
  }
  return space;
}

/** The task; undefined where there is none. */
export const find = (state: State, ref: TaskRef): Entry | undefined =>
  state.spaces.get(ref.namespace)?.tasks.get(ref.id);

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
  entry.countedBytes = quotaBytes(entry);
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
