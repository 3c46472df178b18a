import {
  dueAfter,
  dueOnChange,
  type GateLimit,
  isBounded,
  type LimitRef,
  laneOf,
  opensAt,
  scoped,
} from "../../model/gate.ts";
import {
  capacityOf,
  createGatekeeper,
  type Gatekeeper,
  gatesOf,
  isBefore,
  type LimitedGate,
  type LiveLimit,
  stages,
} from "../../model/gatekeeper.ts";
import type { Instant, Namespace } from "../../model/ids.ts";
import type { TaskHead } from "../../model/task.ts";
import type { GateNews } from "../../ports/gate-store.ts";
import type { Entry, QueueEntry } from "./entry.ts";
import { createHeap, type Heap, type Placed } from "./heap.ts";

/** What a gate has of the tasks whose gate it is. */
type Members = { readonly leased: Set<Entry>; readonly lines: Map<string, Line> };

/** The tasks of one queue that ask for the same labels and, at the gate of a key, have one name. */
export type Line = {
  /** Those that have passed and wait for their lease, each with its node in a heap that has the last of them first. */
  readonly unclaimed: Map<Entry, Node>;
  readonly fromTheEnd: Heap<Node>;
  readonly waiting: Heap<Entry>;
};
type Node = Placed & { readonly entry: Entry };

/** Limits, and the tasks that they hold. Here every task has its name's gate, so that a new limit finds it. */
export type Gates = {
  readonly limits: Map<string, LiveLimit>;
  readonly members: Map<string, Members>;
  /** The tasks of ordering keys that have not ended, in the order of acceptance. */
  readonly orders: Map<string, Set<Entry>>;
  /** The ready ones of them that are not the first. */
  readonly behind: Heap<Entry>;
  readonly keeper: Gatekeeper<Entry>;
  opened: Map<QueueEntry, { readonly namespace: Namespace; count: number }>;
  wakeAt: Instant | undefined;
  dueAt: Instant | undefined;
};

/** Makes open gates. `onStand` is told when a task moves to another stage. */
export function createGates(onStand: (entry: Entry, stage: Entry["held"]) => void): Gates {
  const limits = new Map<string, LiveLimit>();
  const members = new Map<string, Members>();
  const orders = new Map<string, Set<Entry>>();
  const behind = createHeap<Entry>(isBefore);
  const at = (gate: LimitedGate): Members => membersOf(gates, gate);
  const keeper = createGatekeeper<Entry, Line>({
    limitOf: (gate) => limits.get(idOf(gate)),
    leased: (gate) => at(gate).leased.size,
    lines: (gate) => [...at(gate).lines.values()],
    unclaimed: (line) => line.unclaimed.size,
    lastUnclaimed: (line) => line.fromTheEnd.first()?.entry,
    waiting: (line, limit) => firstOf(line.waiting, limit),
    isFirst: (task) => (firstIn(orders, task.orderingKey) ?? task) === task,
    firstBehind(key) {
      const first = firstIn(orders, key);
      return first?.held === stages.ordering ? first : undefined;
    },
    wakeAt: (time) => wakeAt(gates, time),
    stand(entry, stage) {
      onStand(entry, stage);
      if (stage === stages.free) ring(gates, entry.head, entry.queue, 1);
    },
  });
  const nothingYet = { opened: new Map(), wakeAt: undefined, dueAt: undefined };
  const gates: Gates = { limits, members, orders, behind, keeper, ...nothingYet };
  return gates;
}

/** The limit of a queue or a gate; undefined where there is none. */
export const limitAt = ({ limits }: Gates, ref: LimitRef): LiveLimit | undefined => limits.get(idOfRef(ref));

/** Puts a limit in the place of the one that was there. */
export function keepLimit(gates: Gates, limit: GateLimit): void {
  const before = limitAt(gates, limit)?.dueAt ?? 0;
  // Without bounds there is nothing that a rate has given out.
  const dueAt = isBounded(limit) ? dueOnChange(limit.rate, before, limit.updatedAt) : 0;
  gates.limits.set(idOfRef(limit), { limit, dueAt });
}

/** Takes a limit away. */
export const removeLimit = (gates: Gates, ref: LimitRef): void => void gates.limits.delete(idOfRef(ref));

/** Counts a grant against a rate. */
export function take(gates: Gates, ref: LimitRef, now: Instant): void {
  const live = limitAt(gates, ref);
  if (live?.limit.rate === undefined) return;
  const dueAt = dueAfter(live.limit.rate, live.dueAt, { now, taken: 1 });
  gates.limits.set(idOfRef(ref), { ...live, dueAt });
}

/** How many more tasks of a queue may be leased now. */
export function queueCapacity(gates: Gates, ref: LimitRef, leased: number, now: Instant): number {
  const live = limitAt(gates, ref);
  return live === undefined ? Number.POSITIVE_INFINITY : capacityOf(live, leased, now);
}

/** Says when a queue that waits for its rate will hand out again. */
export function announceQueue(gates: Gates, ref: LimitRef, ready: number, now: Instant): void {
  const live = limitAt(gates, ref);
  const at = live && opensAt(live, now);
  if (at !== undefined && ready > 0) wakeAt(gates, at);
}

/** Tasks of a queue may be claimed that could not be before. */
export function ring(
  gates: Gates,
  { namespace }: Pick<TaskHead, "namespace">,
  queue: QueueEntry,
  count: number,
): void {
  const known = gates.opened.get(queue);
  if (known === undefined) gates.opened.set(queue, { namespace, count });
  else known.count += count;
}

/** Somebody should look again at this time, or before it. */
export function wakeAt(gates: Gates, at: Instant): void {
  if (gates.wakeAt === undefined || at < gates.wakeAt) gates.wakeAt = at;
}

/** The end of a task made one that is due at this time. */
export function dueAt(gates: Gates, at: Instant): void {
  if (gates.dueAt === undefined || at < gates.dueAt) gates.dueAt = at;
}

/** What happened since it was asked last; undefined: nothing. */
export function takeNews(gates: Gates): GateNews | undefined {
  const { opened, wakeAt: at, dueAt: due } = gates;
  if (opened.size === 0 && at === undefined && due === undefined) return undefined;
  const news = [...opened].map(([{ name: queue }, { namespace, count }]) => ({
    queue: { namespace, queue },
    count,
  }));
  opened.clear();
  gates.wakeAt = undefined;
  gates.dueAt = undefined;
  return { opened: news, wakeAt: at, dueAt: due };
}

/** The gate at which a ready entry waits; undefined where it stands free. */
export function gateOf(entry: Entry): LimitedGate | undefined {
  return gatesOf(entry).find(({ kind }) => stages[kind] === entry.held);
}

/** Takes an entry into, or out of, what its gates count. Whoever waits at a gate stands in its heap, which is the caller's business. */
export function count(gates: Gates, entry: Entry, verb: "add" | "delete"): void {
  for (const gate of gatesOf(entry)) {
    if (entry.head.state === "leased") membersOf(gates, gate).leased[verb](entry);
    if (entry.head.state === "ready" && hasPassed(entry, gate))
      countUnclaimed(lineOf(gates, gate, entry), entry, verb);
  }
}

function countUnclaimed({ unclaimed, fromTheEnd }: Line, entry: Entry, verb: "add" | "delete"): void {
  const node = unclaimed.get(entry) ?? { entry, place: -1 };
  if (verb === "add") {
    unclaimed.set(entry, node);
    fromTheEnd.add(node);
  } else if (unclaimed.delete(entry)) fromTheEnd.remove(node);
}

/** What a gate has, made when it is first asked for. */
export function membersOf({ members }: Gates, gate: LimitedGate): Members {
  let found = members.get(idOf(gate));
  if (found === undefined) {
    found = { leased: new Set(), lines: new Map() };
    members.set(idOf(gate), found);
  }
  return found;
}

/** The line of an entry at a gate, made when it is first asked for. */
export function lineOf(gates: Gates, gate: LimitedGate, { queue, head }: Entry): Line {
  const { lines } = membersOf(gates, gate);
  const place = `${queue.name} ${gate.kind === "key" ? head.name : ""} ${laneOf(head.ties?.labels)}`;
  let found = lines.get(place);
  if (found === undefined) {
    found = {
      unclaimed: new Map(),
      fromTheEnd: createHeap((a, b) => isBefore(b.entry, a.entry)),
      waiting: createHeap<Entry>(isBefore),
    };
    lines.set(place, found);
  }
  return found;
}

/** Takes an entry into, or out of, the order of its key. */
export function line({ orders }: Gates, entry: Entry, verb: "add" | "delete"): void {
  const { orderingKey } = entry;
  if (orderingKey === undefined) return;
  const order = orders.get(orderingKey) ?? new Set();
  order[verb](entry);
  if (order.size === 0) orders.delete(orderingKey);
  else orders.set(orderingKey, order);
}

const firstIn = (orders: Gates["orders"], key: string | undefined): Entry | undefined =>
  key === undefined ? undefined : orders.get(key)?.values().next().value;

const hasPassed = ({ held }: Entry, { kind }: LimitedGate): boolean =>
  held === stages.free || held > stages[kind];

const idOf = ({ kind, text }: LimitedGate): string => `${kind} ${text}`;
const idOfRef = ({ namespace, kind, subject }: LimitRef): string => `${kind} ${scoped(namespace, subject)}`;

/** The first of a heap, in order. */
function firstOf(heap: Heap<Entry>, limit: number): Entry[] {
  const first: Entry[] = [];
  for (let entry = heap.first(); entry && first.length < limit; entry = heap.first()) {
    heap.remove(entry);
    first.push(entry);
  }
  for (const entry of first) heap.add(entry);
  return first;
}
