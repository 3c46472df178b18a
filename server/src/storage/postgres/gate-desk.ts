import { createGatekeeper, type Gatekeeper, stages } from "../../model/gatekeeper.ts";
import type { Instant } from "../../model/ids.ts";
import type { GateBell } from "../sql/gate-bell.ts";
import { NotSeen, type Picture, type View } from "./gate-picture.ts";
import type { Todo } from "./gate-todo.ts";
import type { LiveLimits } from "./live-limits.ts";
import type { QueueRegistry } from "./queue-registry.ts";
import type { Session } from "./session.ts";
import { moveTies, type Tie } from "./ties.ts";

export type Decision<A> = (view: View, keeper: Gatekeeper<Tie>) => A;

/** Where decisions about gates are made. */
export type GateDesk = {
  /** Makes a decision; what it moved is written. Tended first, where it is about who may go. */
  decide<A>(make: Decision<A>): Promise<A>;
  /** Brings all in order that was touched; true: there is more to do. */
  tend(now: Instant): Promise<boolean>;
};

/** What gates have in one transaction. */
export type DeskParts = {
  readonly db: Session;
  readonly queues: QueueRegistry;
  readonly picture: Picture;
  readonly bell: GateBell;
  readonly limits: LiveLimits;
  readonly todo: Todo;
};

/** So often a transaction goes on tending; what is left then is left to openGates. */
const roundsMax = 8;

/** Makes it. */
export function createGateDesk({ db, queues, picture, bell, limits, todo }: DeskParts): GateDesk {
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

  return { decide, tend };
}

const nobody = { seq: 0, priority: 0, turn: 0, limitKey: undefined, limitName: "" };
