import type { Explained, Grow } from "../broker/broker.ts";
import type { Bells } from "../lib/bells.ts";
import type { TaskRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import { createEnding, type Ending, type EndingDeps } from "./ending.ts";
import { type CanvasExplained, createExplain } from "./explain.ts";
import { createGrow, type GrowingDeps } from "./growth.ts";
import { createReadHanded, type ReadHanded } from "./handing.ts";
import type { MarkFamily } from "./mark-family.ts";
import { type CanvasRef, createReading, type Reading } from "./reading.ts";
import { createRetry, type Retry } from "./retry.ts";
import { createSubmitting, type Submitting, type SubmittingDeps } from "./submit.ts";
import { createWatch, type Watch } from "./watch.ts";

/** What the room lives on. */
export type CanvasDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: Limits;
  /** Rung whenever tasks of a namespace end. */
  readonly bells: Bells;
  /** The broker's. */
  readonly broker: {
    readonly completeTasks: SubmittingDeps["complete"];
    /** What a settlement adds is not refused: it is part of what the server had before. */
    readonly refuseWhileDraining: SubmittingDeps["refuseWhileDraining"];
    readonly announce: SubmittingDeps["announce"];
    readonly cancelMany: EndingDeps["cancelMany"];
    readonly explainTask: (ref: TaskRef) => Promise<Explained>;
  };
  readonly failureOf: GrowingDeps["failureOf"];
  readonly markFamily: MarkFamily;
  readonly namespaces: SubmittingDeps["namespaces"];
};

/** Canvases at work. Throws StemProblem. */
export type Canvases = Submitting &
  Reading &
  Ending & {
    readonly watch: Watch;
    readonly grow: Grow;
    /** Submits what did not succeed of it as another one. */
    readonly retry: Retry;
    explain(ref: CanvasRef): Promise<CanvasExplained>;
    /** What a barrier left, as far as it is handed by value. */
    readonly readHanded: ReadHanded;
  };

/** Opens the room. */
export function createCanvases(deps: CanvasDeps): Canvases {
  const { store, clock, limits, namespaces, broker, bells, markFamily } = deps;
  const { completeTasks: complete, announce, cancelMany, refuseWhileDraining } = broker;
  const reading = createReading(deps);
  const retry = createRetry({ store, clock, limits, markFamily, announce, get: reading.get });
  const ending = createEnding({ store, clock, limits, cancelMany, bells });
  return {
    ...ending,
    ...createSubmitting({ store, clock, namespaces, complete, markFamily, announce, refuseWhileDraining }),
    ...reading,
    watch: createWatch(clock, bells, reading.get),
    grow: createGrow({ store, complete, markFamily, failureOf: deps.failureOf }),
    async retry(...wanted) {
      refuseWhileDraining();
      // What waits in the old one must not run beside its second run.
      await ending.sweep();
      return retry(...wanted);
    },
    explain: createExplain({ store, limits, explain: broker.explainTask, get: reading.get }),
    readHanded: createReadHanded({ store, limits }),
  };
}
