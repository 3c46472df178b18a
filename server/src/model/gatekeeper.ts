/**
 * How tasks pass gates. A tied task that becomes ready passes, one after the other, the gate of its key and that of its name, and then
 * stands among those that a claim looks at; one with an ordering key waits first until no earlier one of its key is left.
 *
 * At each gate tasks stand in lines, by what else decides whether they can be handed out: their queue, the labels that they ask for
 * and, at the gate of a key, their name. Of each line the gate lets through as many as may be leased there now, the first ones. So
 * what a claim looks at holds the best that it could take, whatever queues are paused and whichever workers are there; and it holds
 * little that it cannot take, however many wait. Who was let through and finds, at the claim, that another line was faster goes back.
 *
 * The permits in use are the live leases themselves: nothing is counted up or down that could be left over.
 */

import { type LimitKind, type LiveLimit, opensAt, pauseAt, tokensAt } from "./gate.ts";
import type { Instant } from "./ids.ts";

/** Where a tied task stands while it is ready: free, or at a gate. The later a gate, the higher its number. */
export const stages = { free: 0, ordering: 1, key: 2, name: 3 } as const;
export type Stage = (typeof stages)[keyof typeof stages];

/** A task that gates may hold, as far as they need to know it. */
export type Tied = {
  readonly seq: number;
  readonly priority: number;
  /** Its place among tasks of its priority, before the order of acceptance; 0 where keys have no turns. */
  readonly turn: number;
  /** Its keys within the store, of those gates that it has. */
  readonly orderingKey: string | undefined;
  readonly limitKey: string | undefined;
  readonly limitName: string;
};

export type { LiveLimit };

/** A gate with a limit. */
export type LimitedGate = { readonly kind: "key" | "name"; readonly text: string };

/** What the gatekeeper asks of a store, and tells it. All inside one transaction. */
export interface GateRows<T extends Tied, L> {
  /** The limit of a gate; undefined: it stands open. */
  limitOf(gate: LimitedGate): LiveLimit | undefined;
  /** How many live leases count there. */
  leased(gate: LimitedGate): number;
  /** The lines of a gate, those in which somebody stands at least. */
  lines(gate: LimitedGate): readonly L[];
  /** How many of a line have passed the gate and wait for their lease. */
  unclaimed(line: L): number;
  /** The last of those, in the order of grants. */
  lastUnclaimed(line: L): T | undefined;
  /** Whether no task of its ordering key that came before it is left. */
  isFirst(task: Tied): boolean;
  /** The first task of an ordering key that has not ended, if it stands there and waits for its turn. */
  firstBehind(orderingKey: string): T | undefined;
  /** Who of a line waits at the gate, in the order of grants. */
  waiting(line: L, limit: number): readonly T[];
  /** The task stands there from now on. */
  stand(task: T, stage: Stage): void;
  /** Grants may be possible from then on that are not now. */
  wakeAt(at: Instant): void;
}

/** Decides who passes which gate. */
export type Gatekeeper<T extends Tied> = {
  /** Where a task stands that has just become ready. It may pass on when the gates are tended. */
  stageOf(task: T): Stage;
  /** Something changed that may open, or close, the gates of a task. */
  touch(task: Tied): void;
  /** A task has ended, and whoever is behind it in its order may come. */
  touchOrder(task: Tied): void;
  touchGate(gate: LimitedGate): void;
  /** Whether there is anything to tend. */
  readonly isTouched: boolean;
  /** Lets tasks through the gates that were touched, and holds back who may not be let through any more. True: there is more to do. */
  tend(now: Instant): boolean;
  /** How many more tasks may be leased there now; Infinity where it stands open. */
  capacity(gate: LimitedGate, now: Instant): number;
};

/** So many tasks are moved a gate and call, so that a long line does not keep everybody else from the store. */
const movesMax = 1000;

/** Makes the gatekeeper of a store. */
export function createGatekeeper<T extends Tied, L>(rows: GateRows<T, L>): Gatekeeper<T> {
  // Keys before names: who passes the one may come to stand at the other.
  const touched = { key: new Set<string>(), name: new Set<string>() };
  const ended = new Set<string>();
  const desk: Desk<T, L> = { rows, touch: ({ kind, text }) => void touched[kind].add(text) };

  /** The first of an order goes on to its other gates. */
  function tendOrders(): void {
    for (const key of ended) {
      const first = rows.firstBehind(key);
      if (first !== undefined) rows.stand(first, stageAfter(desk, first, stages.ordering));
    }
    ended.clear();
  }

  /** Tends the gates of a kind; those that are not in order yet stay touched. */
  function tendAll(kind: LimitedGate["kind"], now: Instant): void {
    const texts = touched[kind];
    touched[kind] = new Set();
    for (const text of texts) {
      const gate: LimitedGate = { kind, text };
      if (tendGate(desk, gate, now)) touched[kind].add(text);
      announce(rows, gate, now);
    }
  }

  return {
    capacity: (gate, now) => capacityAt(rows, gate, now),
    touchGate: desk.touch,
    get isTouched() {
      return ended.size + touched.key.size + touched.name.size > 0;
    },
    stageOf: (task) =>
      task.orderingKey === undefined || rows.isFirst(task)
        ? stageAfter(desk, task, stages.ordering)
        : stages.ordering,
    touchOrder({ orderingKey }) {
      if (orderingKey !== undefined) ended.add(orderingKey);
    },
    touch(task) {
      for (const gate of gatesOf(task)) touchLimited(desk, gate);
    },
    tend(now) {
      tendOrders();
      tendAll("key", now);
      tendAll("name", now);
      return touched.key.size + touched.name.size > 0;
    },
  };
}

type Desk<T extends Tied, L> = {
  readonly rows: GateRows<T, L>;
  /** Notes that a gate has to be tended. */
  readonly touch: (gate: LimitedGate) => void;
};

function capacityAt<T extends Tied, L>(rows: GateRows<T, L>, gate: LimitedGate, now: Instant): number {
  const live = rows.limitOf(gate);
  return live === undefined ? Number.POSITIVE_INFINITY : capacityOf(live, rows.leased(gate), now);
}

function touchLimited<T extends Tied, L>({ rows, touch }: Desk<T, L>, gate: LimitedGate): void {
  if (rows.limitOf(gate) !== undefined) touch(gate);
}

/** Where a task comes to stand that has passed this stage. Gates that stand open it does not even come to. */
function stageAfter<T extends Tied, L>({ rows, touch }: Desk<T, L>, task: Tied, passed: Stage): Stage {
  for (const gate of gatesOf(task)) {
    if (stages[gate.kind] <= passed || rows.limitOf(gate) === undefined) continue;
    touch(gate);
    return stages[gate.kind];
  }
  return stages.free;
}

/** Brings a gate in order; true: it is not yet. */
function tendGate<T extends Tied, L>(desk: Desk<T, L>, gate: LimitedGate, now: Instant): boolean {
  const room = capacityAt(desk.rows, gate, now);
  let isMore = false;
  for (const line of desk.rows.lines(gate)) if (tendLine(desk, { gate, line }, room)) isMore = true;
  return isMore;
}

/** A line at a gate. */
type Queueing<L> = { readonly gate: LimitedGate; readonly line: L };

function tendLine<T extends Tied, L>(desk: Desk<T, L>, at: Queueing<L>, room: number): boolean {
  const { rows } = desk;
  const free = room - rows.unclaimed(at.line);
  if (free < 0) return holdBackSome(desk, at, -free);
  const through = free === 0 ? [] : rows.waiting(at.line, Math.min(free, movesMax));
  for (const task of through) rows.stand(task, stageAfter(desk, task, stages[at.gate.kind]));
  return through.length === movesMax ? true : exchange(desk, at);
}

function holdBackSome<T extends Tied, L>(desk: Desk<T, L>, at: Queueing<L>, tooMany: number): boolean {
  for (let moved = 0; moved < tooMany; moved += 1) {
    const last = moved < movesMax ? desk.rows.lastUnclaimed(at.line) : undefined;
    if (last === undefined) return moved === movesMax;
    holdBack(desk, last, at.gate);
  }
  return exchange(desk, at);
}

/** Who waits takes the place of who has passed and comes later in the order. */
function exchange<T extends Tied, L>(desk: Desk<T, L>, { gate, line }: Queueing<L>): boolean {
  const { rows } = desk;
  for (let moved = 0; moved < movesMax; moved += 1) {
    const [first] = rows.waiting(line, 1);
    const last = first && rows.lastUnclaimed(line);
    if (first === undefined || last === undefined || !isBefore(first, last)) return false;
    holdBack(desk, last, gate);
    rows.stand(first, stageAfter(desk, first, stages[gate.kind]));
  }
  return true;
}

function holdBack<T extends Tied, L>(desk: Desk<T, L>, task: T, gate: LimitedGate): void {
  desk.rows.stand(task, stages[gate.kind]);
  // Its place behind this gate is free.
  if (gate.kind === "key") touchLimited(desk, { kind: "name", text: task.limitName });
}

/** Says when a gate will open by itself, if somebody waits there. */
function announce<T extends Tied, L>(rows: GateRows<T, L>, gate: LimitedGate, now: Instant): void {
  const live = rows.limitOf(gate);
  const at = live && opensAt(live, now);
  if (at === undefined) return;
  if (rows.lines(gate).some((line) => rows.waiting(line, 1).length > 0)) rows.wakeAt(at);
}

/** How many more leases a limit allows beside those that there are. */
export function capacityOf({ limit, dueAt }: LiveLimit, leased: number, now: Instant): number {
  if (pauseAt(limit, now) !== undefined) return 0;
  const permits = (limit.concurrency ?? Number.POSITIVE_INFINITY) - leased;
  return Math.max(0, limit.rate ? Math.min(permits, tokensAt(limit.rate, dueAt, now)) : permits);
}

/** A task's place in the order of grants. */
export type Place = Pick<Tied, "priority" | "turn" | "seq">;

/** The order of grants: priority, then turn, then acceptance. */
export const isBefore = (a: Place, b: Place): boolean =>
  a.priority === b.priority ? (a.turn === b.turn ? a.seq < b.seq : a.turn < b.turn) : a.priority > b.priority;

/** The order between tasks of two queues, whose turns say nothing of each other: priority, then acceptance. */
export const isBeforeElsewhere = (a: Place, b: Place): boolean =>
  a.priority === b.priority ? a.seq < b.seq : a.priority > b.priority;

/** The gates of a task, in the order in which it passes them. */
export function gatesOf({ limitKey, limitName }: Tied): readonly LimitedGate[] {
  const name: LimitedGate = { kind: "name", text: limitName };
  return limitKey === undefined ? [name] : [{ kind: "key", text: limitKey }, name];
}

/** The limits that gates of tasks have; queues are counted where they are claimed from. */
export const isTaskGate = (kind: LimitKind): kind is "key" | "name" => kind !== "queue";
