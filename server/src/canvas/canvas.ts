/**
 * Canvases: trees of tasks that the server drives. This room takes them in, adds to them, shows, cancels and sweeps them; what an end
 * means in one is decided in model/barrier.ts, in the transaction of that end. Read on in expand.ts (what a tree is once it starts),
 * submit.ts, growth.ts, values.ts (what barriers leave), sweep.ts, retry.ts (how what did not succeed of one is submitted as another).
 */

import type { Explained, Grow } from "../broker/broker.ts";
import type { Bells } from "../lib/bells.ts";
import type { BarrierState } from "../model/canvas.ts";
import type { HandedValue } from "../model/canvas-value.ts";
import { type BarrierRef, rootOf, type TaskRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import type { CancelMessage } from "../model/task.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import { failOverdue } from "./deadlines.ts";
import { type CanvasExplained, createExplain } from "./explain.ts";
import { createGrow, type GrowingDeps } from "./growth.ts";
import { type CanvasRef, createReading, type Reading } from "./reading.ts";
import { createRetry, type Retry } from "./retry.ts";
import { createSubmitting, type Submitting, type SubmittingDeps } from "./submit.ts";
import { type SweepDeps, sweep, sweepUnder } from "./sweep.ts";
import { readValue } from "./values.ts";
import { createWatch, type Watch } from "./watch.ts";

export type { CanvasExplained } from "./explain.ts";
export type { CanvasRef, CanvasView, MembersWanted } from "./reading.ts";
export type { CanvasSubmission, MembersSubmission } from "./submit.ts";
export { withCanvasBells } from "./watch.ts";

/** What the room lives on. */
export type CanvasDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly namespaces: SubmittingDeps["namespaces"];
  /** Rung whenever tasks of a namespace end. */
  readonly bells: Bells;
  /** The broker's. */
  readonly broker: {
    readonly completeTasks: SubmittingDeps["complete"];
    readonly announce: SubmittingDeps["announce"];
    readonly cancelMany: SweepDeps["cancelMany"];
    readonly explainTask: (ref: TaskRef) => Promise<Explained>;
  };
  readonly failureOf: GrowingDeps["failureOf"];
};

/** Canvases at work. Throws StemProblem. */
export type Canvases = Submitting &
  Reading & {
    readonly watch: Watch;
    readonly grow: Grow;
    /** Cancels what has not ended of it; answers its state then. */
    cancel(ref: CanvasRef, message: CancelMessage): Promise<BarrierState>;
    /** Submits what did not succeed of it as another one. */
    readonly retry: Retry;
    explain(ref: CanvasRef): Promise<CanvasExplained>;
    /** What a barrier left, as far as it is handed by value. */
    readHanded(ref: BarrierRef): Promise<HandedValue | undefined>;
    /** For upkeep: fails canvases whose time is over, and cancels what goes on under what has ended; answers how many that were. */
    tidy(): Promise<number>;
  };

/** Opens the room. */
export function createCanvases(deps: CanvasDeps): Canvases {
  const { store, clock, limits, namespaces, broker, bells } = deps;
  const { completeTasks: complete, announce, cancelMany } = broker;
  const reading = createReading(deps);
  const sweeping = { store, clock, limits, cancelMany };
  return {
    ...createSubmitting({ store, clock, namespaces, complete, announce }),
    ...reading,
    watch: createWatch(clock, bells, reading.get),
    grow: createGrow({ store, complete, failureOf: deps.failureOf }),
    async cancel({ namespace, id }, { reason, requester }) {
      const ref = { namespace, id: rootOf(id) };
      const cause = {
        ...({ state: "cancelled", reason: "cancel_requested", task: undefined, name: undefined } as const),
        ...{ attempt: 0, failure: undefined },
      };
      const [before] = await store.readBarriers([ref]);
      if (before === undefined) throw new StemProblem({ reason: "CANVAS_UNKNOWN", canvasId: id });
      if (!(await store.closeBarrier({ ref, state: "cancelled", cause, now: clock.now() })))
        return (await store.readBarriers([ref]))[0]?.state ?? before.state;
      await sweepUnder(sweeping, ref, { reason, requester });
      bells.ring(namespace);
      return "cancelled";
    },
    retry: createRetry({ store, clock, limits, announce, get: reading.get }),
    explain: createExplain({ store, limits, explain: broker.explainTask, get: reading.get }),
    async readHanded(ref) {
      const [barrier] = await store.readBarriers([ref]);
      if (barrier === undefined) return undefined;
      const { canvasInputItemsMax: itemsMax, canvasInputBytesMax: bytesMax } = limits;
      const { canvas, id, size } = barrier;
      return { canvas, barrier: id, size, value: await readValue(store, ref, { itemsMax, bytesMax }) };
    },
    async tidy() {
      const failed = await failOverdue({ store }, clock.now());
      return failed + (await sweep(sweeping));
    },
  };
}
