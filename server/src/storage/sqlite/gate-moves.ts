import { laneOf, scoped } from "../../model/gate.ts";
import { type Gatekeeper, stages } from "../../model/gatekeeper.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask, TaskHead } from "../../model/task.ts";
import { stateCode, states } from "../sql/codes.ts";
import { tiesOfText } from "../sql/ties-text.ts";
import { type Database, query } from "./files/connection.ts";
import type { LimitRegistry } from "./limit-registry.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Tie, Ties } from "./ties.ts";
import type { Turns } from "./turns.ts";

/** What verbs tell the gates when they move a tied task; its row in ties goes along. */
export type GateMoves = {
  /** A tied task was stored. */
  enter(task: NewTask, at: Arrival): void;
  /** A tied task went over into another state. */
  moved(seq: number, state: number): void;
  /** The row of a tied task that waits was edited, and is in this queue now. */
  edited(seq: number, queue: QueueEntry, edited: Pick<TaskHead, "state" | "priority">): void;
  /** These tied tasks were leased. */
  leased(ties: readonly Tie[], now: Instant): void;
};

/** Where a task was stored. */
type Arrival = Pick<Tie, "seq" | "state"> & { readonly queue: QueueEntry };

function tieOf(task: NewTask, { seq, state, queue }: Arrival): Omit<Tie, "turn"> {
  const { namespace, name, priority, content, ties: own } = task;
  const { limitKey, orderingKey } = own ?? {};
  return {
    ...{ seq, state, queue: queue.id, priority, contentBytes: content.length },
    limitName: scoped(namespace, name),
    limitKey: limitKey === undefined ? undefined : scoped(namespace, limitKey),
    orderingKey: orderingKey === undefined ? undefined : scoped(namespace, queue.name, orderingKey),
  };
}

type Parts = {
  readonly limits: LimitRegistry;
  readonly ties: Ties;
  readonly keeper: Gatekeeper<Tie>;
  readonly turns: Turns;
};

/** Makes them. */
export function createGateMoves(db: Database, { limits, ties, keeper, turns }: Parts): GateMoves {
  const selectTies = query<[string | null]>(db, "SELECT ties FROM contents WHERE seq = ?");
  const selectBytes = query<[number]>(db, "SELECT content_bytes FROM tasks WHERE seq = ?");
  const fairnessKeyOf = (seq: number): string | undefined =>
    tiesOfText(selectTies.get(seq)?.[0])?.fairnessKey;

  function tieAt(seq: number): Tie {
    const tie = ties.find(seq);
    if (tie === undefined) throw new Error(`task ${seq} should be tied`);
    return tie;
  }

  return {
    enter(task, { seq, state, queue }) {
      const tie = { ...tieOf(task, { seq, state, queue }), turn: turns.next(queue, task.ties?.fairnessKey) };
      const held = state === stateCode.ready ? keeper.stageOf(tie) : stages.free;
      ties.insert({ ...tie, held, lane: laneOf(task.ties?.labels) });
      queue.hasTied = true;
    },
    moved(seq, state) {
      const tie = tieAt(seq);
      keeper.touch(tie);
      if (state > stateCode.leased) {
        ties.drop(seq);
        keeper.touchOrder(tie);
      } else ties.move(seq, state, state === stateCode.ready ? keeper.stageOf(tie) : stages.free);
    },
    edited(seq, queue, { priority, state }) {
      const before = tieAt(seq);
      keeper.touch(before);
      const turn = queue.id === before.queue ? before.turn : turns.next(queue, fairnessKeyOf(seq));
      const [contentBytes = before.contentBytes] = selectBytes.get(seq) ?? [];
      const tie: Tie = {
        ...before,
        queue: queue.id,
        priority,
        turn,
        contentBytes,
        state: states.code(state),
      };
      ties.rewrite(tie, state === "ready" ? keeper.stageOf(tie) : stages.free);
      queue.hasTied = true;
    },
    leased(taken, now) {
      ties.lease(taken.map(({ seq }) => seq));
      for (const { limitKey, limitName } of taken) {
        if (limitKey !== undefined) limits.take("key", limitKey, { now, taken: 1 });
        limits.take("name", limitName, { now, taken: 1 });
      }
      turns.granted(taken);
      // Nobody may pass who could not before, but whoever waits at a rate has to be called in time.
      for (const tie of taken) keeper.touch(tie);
    },
  };
}
