/**
 * Limits, orders, turns and labels, exactly, over all servers. Whoever moves a tied task holds the lock of its namespace's gates until
 * its transaction ends, so that gates are tended by one server at a time; tasks that nothing ties never come here. What the gatekeeper
 * (model/gatekeeper.ts) decides is decided on a picture of what it asks for (gate-picture.ts), and then written.
 */

import { laneOf, scoped } from "../../model/gate.ts";
import {
  createGatekeeper,
  type Gatekeeper,
  gatesOf,
  type LimitedGate,
  type Stage,
  stages,
} from "../../model/gatekeeper.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask, TaskHead } from "../../model/task.ts";
import { stateCode, states } from "../sql/codes.ts";
import { createGateBell, type GateBell } from "../sql/gate-bell.ts";
import { int4s } from "./arrays.ts";
import { createPicture, NotSeen, type Picture, type View } from "./gate-picture.ts";
import { createTodo } from "./gate-todo.ts";
import { createLiveLimits, type LiveLimits } from "./live-limits.ts";
import { gatesLock } from "./locks-of-store.ts";
import type { QueueEntry, QueueRegistry } from "./queue-registry.ts";
import type { Rules } from "./rules.ts";
import { type Session, statement } from "./session.ts";
import {
  bindTasks,
  dropTies,
  gateQueues,
  insertTies,
  moveTies,
  readTies,
  rewriteTie,
  type Tie,
  undecided,
} from "./ties.ts";
import { giveTurns, turnsGranted } from "./turns.ts";

/** A task on its way in. */
type Arriving = {
  readonly task: NewTask;
  readonly queue: QueueEntry;
  readonly now: Instant;
  readonly isTied: boolean;
};

/** A task that was stored. */
export type Stored = { readonly arrival: Arriving; readonly seq: number | undefined };

/** A task as a transaction has it. */
export type Moved = {
  readonly seq: number;
  isTied: boolean;
  readonly queue: QueueEntry;
  readonly head: TaskHead;
};

export type Decision<A> = (view: View, keeper: Gatekeeper<Tie>) => A;

/** What of an edit the gates need to know; `contentBytes`: where its content was. */
export type Edit = { readonly isMoved: boolean; readonly contentBytes: number | undefined };

/** The gates, as verbs see them in one transaction. */
export type Gates = {
  readonly limits: LiveLimits;
  readonly bell: GateBell;
  /** Whether gates may ever keep a new task that comes into this queue. To be asked in the order in which they come. */
  isTied(task: NewTask, queue: QueueEntry): boolean;
  /** Holds the gates of these namespaces until the transaction ends. Before any task of theirs is locked that is tied. */
  lock(namespaces: readonly number[]): Promise<void>;
  /** Tasks were stored; those that are tied come to stand somewhere. */
  enter(stored: readonly Stored[]): Promise<void>;
  /** Tasks went over into other states. */
  moved(rows: readonly Moved[]): Promise<void>;
  /** A task that waits was edited. */
  edited(row: Moved, edit: Edit): Promise<void>;
  /** Tied tasks were leased. */
  leased(ties: readonly Tie[], now: Instant): Promise<void>;
  /** Something happened at a gate. */
  touch(gate: LimitedGate): void;
  /** Makes a decision; what it moved is written. Tended first, where it is about who may go. */
  decide<A>(make: Decision<A>): Promise<A>;
  /** Something has to be read before a decision can be made. */
  readonly want: Picture["want"];
  /** Brings all in order that was touched; true: there is more to do. */
  tend(now: Instant): Promise<boolean>;
};

const lockAll = statement(`
  SELECT pg_advisory_xact_lock($1::int4, space + ${gatesLock(0)}) FROM (
    SELECT DISTINCT space FROM unnest($2::int4[]) AS u(space) ORDER BY 1) spaces`);

/** So often a transaction goes on tending; what is left then is left to openGates. */
const roundsMax = 8;

export type GateParts = {
  readonly db: Session;
  readonly lockClass: number;
  readonly rules: Rules;
  readonly queues: QueueRegistry;
};

/** Makes the gates of a transaction. */
export function createGates({ db, lockClass, rules, queues }: GateParts): Gates {
  const picture = createPicture();
  const bell = createGateBell();
  const limits = createLiveLimits(db, rules, picture.want);
  const todo = createTodo();
  // Queues where keys take turns because of this transaction.
  const fair = new Set<number>();
  const isFair = ({ id }: QueueEntry): boolean => rules.fairQueues.has(id) || fair.has(id);

  /** Makes a decision, again as long as something was not in the picture, and writes what it moved. */
  async function decide<A>(make: Decision<A>): Promise<A> {
    for (;;) {
      const wakes: Instant[] = [];
      const view = picture.view({ limitOf: limits.of, wakeAt: (at) => void wakes.push(at) });
      try {
        const answer = make(view, createGatekeeper(view));
        for (const at of wakes) bell.wakeAt(at);
        await write(view);
        return answer;
      } catch (error) {
        if (!(error instanceof NotSeen)) throw error;
        await picture.look(db);
      }
    }
  }

  async function write({ moved }: View): Promise<void> {
    const moves = [...moved.values()].filter(({ tie, stage }) => tie.held !== stage);
    await moveTies(
      db,
      moves.map(({ tie: { seq, state }, stage }) => ({ seq, state, held: stage })),
    );
    const opened = moves.filter(({ stage }) => stage === stages.free).map(({ tie }) => tie.queue);
    await queues.loadIds(db, opened);
    for (const queue of opened) bell.opened(queues.byId(queue), 1);
    picture.forget();
  }

  /** Tasks that have become ready come to stand at their first gates, and then all that was touched is brought in order. */
  function tendOnce(now: Instant): Promise<boolean> {
    const { ready, touched, orders } = todo.take();
    return decide((view, keeper) => {
      for (const tie of ready) view.stand(tie, keeper.stageOf(tie));
      for (const orderingKey of orders) keeper.touchOrder({ ...nobody, orderingKey });
      for (const gate of touched) if (limits.has(gate)) keeper.touchGate(gate);
      const isMore = keeper.tend(now);
      if (isMore) for (const gate of touched) todo.touch(gate);
      return isMore;
    });
  }

  async function tend(now: Instant): Promise<boolean> {
    let isMore = false;
    for (let round = 1; !todo.isEmpty() && round <= roundsMax; round += 1) isMore = await tendOnce(now);
    if (!isMore) return false;
    await limits.leaveUntidy(todo.take().touched);
    bell.wakeAt(now);
    return true;
  }

  async function moved(rows: readonly Moved[]): Promise<void> {
    const tied = new Map(rows.filter(({ isTied }) => isTied).map((row) => [row.seq, row]));
    const moves: Tie[] = [];
    const ended: number[] = [];
    for (const tie of await readTies(db, [...tied.keys()])) {
      const state = states.code(tied.get(tie.seq)?.head.state ?? "ready");
      todo.touchAll(tie);
      if (state > stateCode.leased) {
        ended.push(tie.seq);
        todo.ended(tie);
      } else if (state !== tie.state) {
        const after = { ...tie, state, held: heldAt(state) };
        moves.push(after);
        if (state === stateCode.ready) todo.ready(after);
      }
    }
    if (moves.length + ended.length > 0) picture.forget();
    await Promise.all([moveTies(db, moves), dropTies(db, ended)]);
  }

  async function edited(row: Moved, { isMoved, contentBytes }: Edit): Promise<void> {
    const { seq, queue, head } = row;
    // In a queue where keys take turns each task has its turn.
    if (!row.isTied && isMoved && isFair(queue)) {
      await bindTasks(db, [seq]);
      row.isTied = true;
    }
    const [before] = row.isTied ? await readTies(db, [seq]) : [];
    if (before === undefined) return;
    todo.touchAll(before);
    const taker = { queue: queue.id, key: head.ties?.fairnessKey };
    const [turn = before.turn] = isMoved ? await giveTurns(db, [taker]) : [];
    const state = states.code(head.state);
    const place = { queue: queue.id, priority: head.priority, turn, state, held: heldAt(state) };
    const tie: Tie = { ...before, ...place, contentBytes: contentBytes ?? before.contentBytes };
    await Promise.all([rewriteTie(db, tie), moveTies(db, [tie]), gateQueues(db, [tie.queue])]);
    if (state === stateCode.ready) todo.ready(tie);
    picture.forget();
  }

  return {
    limits,
    bell,
    isTied(task, queue) {
      if (task.ties?.fairnessKey !== undefined) fair.add(queue.id);
      return task.ties !== undefined || isFair(queue) || rules.namedSpaces.has(task.namespace);
    },
    moved,
    edited,
    decide,
    tend,
    want: picture.want,
    touch: todo.touch,
    async lock(namespaces) {
      if (namespaces.length > 0) await db.rows(lockAll, lockClass, int4s(namespaces));
    },
    async enter(stored) {
      const ties = await tiesFor(
        db,
        stored.filter(({ arrival }) => arrival.isTied),
      );
      await insertTies(db, ties);
      for (const tie of ties) if (tie.state === stateCode.ready) todo.ready(tie);
    },
    async leased(ties, now) {
      if (ties.length === 0) return;
      await moveTies(
        db,
        ties.map(({ seq }) => ({ seq, state: stateCode.leased, held: stages.free })),
      );
      await limits.took(ties.flatMap(gatesOf), now);
      await turnsGranted(db, ties);
      // Nobody may pass who could not before, but whoever waits at a rate has to be called in time.
      for (const tie of ties) todo.touchAll(tie);
      picture.forget();
    },
  };
}

/** A ready task stands nowhere until the gates are tended; for others it means nothing. */
const heldAt = (state: number): Stage => (state === stateCode.ready ? undecided : stages.free) as Stage;

const nobody = { seq: 0, priority: 0, turn: 0, limitKey: undefined, limitName: "" };

/** The ties of tasks that were stored, each with its turn. */
async function tiesFor(db: Session, stored: readonly Stored[]): Promise<Tie[]> {
  if (stored.length === 0) return [];
  const turns = await giveTurns(
    db,
    stored.map(({ arrival: { queue, task } }) => ({ queue: queue.id, key: task.ties?.fairnessKey })),
  );
  return stored.flatMap(({ arrival: { task, queue, now }, seq }, at) => {
    if (seq === undefined) return [];
    const { namespace, name, priority, ties, content, notBefore } = task;
    const { limitKey, orderingKey, labels } = ties ?? {};
    const state = notBefore !== undefined && notBefore > now ? stateCode.scheduled : stateCode.ready;
    return {
      ...{ seq, namespaceId: queue.namespaceId, queue: queue.id, priority, turn: turns[at] ?? 0 },
      ...{ contentBytes: content.length, lane: laneOf(labels), state, held: heldAt(state) },
      limitName: scoped(namespace, name),
      limitKey: limitKey === undefined ? undefined : scoped(namespace, limitKey),
      orderingKey: orderingKey === undefined ? undefined : scoped(namespace, queue.name, orderingKey),
    };
  });
}
