import { laneOf, scoped } from "../../model/gate.ts";
import { gatesOf, type Stage, stages } from "../../model/gatekeeper.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask, TaskHead } from "../../model/task.ts";
import { stateCode, states } from "../sql/codes.ts";
import type { DeskParts } from "./gate-desk.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Session } from "./session.ts";
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

/** What of an edit the gates need to know. */
export type Edit = { readonly isMoved: boolean };

/** What verbs tell the gates when they move tied tasks; their rows in ties go along. */
export type GateMoves = {
  /** Tasks were stored; those that are tied come to stand somewhere. */
  enter(stored: readonly Stored[]): Promise<void>;
  /** Tasks went over into other states. */
  moved(rows: readonly Moved[]): Promise<void>;
  /** A task that waits was edited. */
  edited(row: Moved, edit: Edit): Promise<void>;
  /** Tied tasks were leased. */
  leased(ties: readonly Tie[], now: Instant): Promise<void>;
};

export type MoveParts = Pick<DeskParts, "db" | "picture" | "limits" | "todo"> & {
  readonly isFair: (queue: QueueEntry) => boolean;
};

/** Makes it. */
export function createGateMoves({ db, picture, limits, todo, isFair }: MoveParts): GateMoves {
  /** Where a task comes to stand that goes into this state, and what is left to do then. */
  function arrive(tie: Omit<Tie, "held">): Tie {
    if (tie.state !== stateCode.ready) return { ...tie, held: stages.free };
    // One that is in no order stands at the first of its gates that has a limit: to know that takes no look.
    const gate = tie.orderingKey === undefined ? gatesOf(tie).find(limits.has) : undefined;
    const isSure = tie.orderingKey === undefined;
    const held = isSure ? (gate === undefined ? stages.free : stages[gate.kind]) : (undecided as Stage);
    const arrived: Tie = { ...tie, held };
    if (isSure) todo.touchAll(arrived);
    else todo.ready(arrived);
    return arrived;
  }

  async function moved(rows: readonly Moved[]): Promise<void> {
    const tied = new Map(rows.filter(({ isTied }) => isTied).map((row) => [row.seq, row]));
    const moves: Tie[] = [];
    const ended: number[] = [];
    for (const tie of await readTies(db, [...tied.keys()])) {
      const state = states.code(tied.get(tie.seq)?.head.state ?? "ready");
      todo.touchAll(tie);
      if (state !== stateCode.ready) todo.leave(tie);
      if (state > stateCode.leased) {
        ended.push(tie.seq);
        todo.ended(tie);
      } else if (state !== tie.state) {
        moves.push(arrive({ ...tie, state }));
      }
    }
    if (moves.length + ended.length > 0) picture.forget();
    await Promise.all([moveTies(db, moves), dropTies(db, ended)]);
  }

  async function edited(row: Moved, { isMoved }: Edit): Promise<void> {
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
    const place = { queue: queue.id, priority: head.priority, turn, state };
    const tie = arrive({ ...before, ...place });
    await Promise.all([rewriteTie(db, tie), moveTies(db, [tie]), gateQueues(db, [tie.queue])]);
    picture.forget();
  }

  return {
    moved,
    edited,
    async enter(stored) {
      const tied = stored.filter(({ arrival }) => arrival.isTied);
      await insertTies(db, (await tiesFor(db, tied)).map(arrive));
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

/** The ties of tasks that were stored, each with its turn. */
async function tiesFor(db: Session, stored: readonly Stored[]): Promise<Omit<Tie, "held">[]> {
  if (stored.length === 0) return [];
  const turns = await giveTurns(
    db,
    stored.map(({ arrival: { queue, task } }) => ({ queue: queue.id, key: task.ties?.fairnessKey })),
  );
  return stored.flatMap(({ arrival: { task, queue, now }, seq }, at) => {
    if (seq === undefined) return [];
    const { namespace, name, priority, ties, content, input, notBefore } = task;
    const { limitKey, orderingKey, labels } = ties ?? {};
    const state = notBefore !== undefined && notBefore > now ? stateCode.scheduled : stateCode.ready;
    return {
      ...{ seq, namespaceId: queue.namespaceId, queue: queue.id, priority, turn: turns[at] ?? 0 },
      ...{ contentBytes: content.length + (input?.data?.length ?? 0), lane: laneOf(labels), state },
      limitName: scoped(namespace, name),
      limitKey: limitKey === undefined ? undefined : scoped(namespace, limitKey),
      orderingKey: orderingKey === undefined ? undefined : scoped(namespace, queue.name, orderingKey),
    };
  });
}
