/** How canvases end before their members have. */

import type { Bells } from "../lib/bells.ts";
import type { BarrierState, Cause } from "../model/canvas.ts";
import { rootOf } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { CancelMessage } from "../model/task.ts";
import { type DeadlinesDeps, failOverdue } from "./deadlines.ts";
import type { CanvasRef } from "./reading.ts";
import { type SweepDeps, sweep, sweepUnder } from "./sweep.ts";

/** Ends canvases, and what goes on under what has ended. */
export type Ending = {
  /** Cancels what has not ended of it; answers its state then. Throws CANVAS_UNKNOWN. */
  cancel(ref: CanvasRef, message: CancelMessage): Promise<BarrierState>;
  /** Cancels what goes on under what has ended; answers how many barriers that were. */
  sweep(): Promise<number>;
  /** For upkeep: that, and fails canvases whose time is over; answers how many of both there were. */
  tidy(): Promise<number>;
};

/** What that needs. */
export type EndingDeps = Omit<SweepDeps, "store"> & {
  readonly store: SweepDeps["store"] & DeadlinesDeps["store"];
  readonly bells: Pick<Bells, "ring">;
};

const cancelledBy = (cancel: CancelMessage): Cause => ({
  ...{ state: "cancelled", reason: "cancel_requested", task: undefined, name: undefined },
  ...{ attempt: 0, failure: undefined, cancel },
});

/** Makes it. */
export function createEnding(deps: EndingDeps): Ending {
  const { store, clock, bells } = deps;
  return {
    async cancel({ namespace, id }, { reason, requester }) {
      const ref = { namespace, id: rootOf(id) };
      const [before] = await store.readBarriers([ref]);
      if (before === undefined) throw new StemProblem({ reason: "CANVAS_UNKNOWN", canvasId: id });
      const cause = cancelledBy({ reason, requester });
      if (!(await store.closeBarrier({ ref, state: "cancelled", cause, now: clock.now() })))
        return (await store.readBarriers([ref]))[0]?.state ?? before.state;
      await sweepUnder(deps, ref, { reason, requester });
      bells.ring(namespace);
      return "cancelled";
    },
    sweep: () => sweep(deps),
    async tidy() {
      const failed = await failOverdue(deps, clock.now());
      return failed + (await sweep(deps));
    },
  };
}
