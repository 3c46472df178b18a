/** What becomes of what goes on under a barrier that has ended: it is cancelled, from above to below. */

import { type BarrierRef, type Instant, rootOf } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { CancelMessage, TaskHead } from "../model/task.ts";
import type { CanvasReader } from "../ports/canvas-reader.ts";
import type { CanvasStore } from "../ports/canvas-store.ts";
import type { Clock } from "../ports/clock.ts";

/** What sweeping needs. */
export type SweepDeps = {
  readonly store: Pick<CanvasStore, "barriersWithRest" | "readRest" | "closeBarrier" | "markSwept"> &
    Pick<CanvasReader, "readBarriers">;
  readonly clock: Clock;
  readonly limits: Pick<Limits, "batchTasksMax">;
  /** The broker's: cancels tasks as they were read, and tells their workers. */
  readonly cancelMany: (heads: readonly TaskHead[], message: CancelMessage) => Promise<number>;
};

/** Barriers that one round looks at. */
const barriersMax = 100;

const usual: CancelMessage = { reason: "its canvas goes on without it", requester: "stem" };

/** Sweeps until nothing is left; answers how many barriers that were. Each round of a barrier is one read and one write. */
export async function sweep(deps: SweepDeps): Promise<number> {
  let swept = 0;
  for (;;) {
    const refs = await deps.store.barriersWithRest(barriersMax);
    if (refs.length === 0) return swept;
    for (const ref of refs) await sweepUnder(deps, ref, await messageFor(deps, ref));
    swept += refs.length;
  }
}

/** What its tasks are told: what was said when it, or all of its canvas, was cancelled, if it was and that has not reached them. */
async function messageFor({ store }: SweepDeps, ref: BarrierRef): Promise<CancelMessage> {
  const { namespace } = ref;
  const [barrier] = await store.readBarriers([ref]);
  const [root] = barrier ? await store.readBarriers([{ namespace, id: rootOf(barrier.canvas) }]) : [];
  return barrier?.cause?.cancel ?? root?.cause?.cancel ?? usual;
}

/** Cancels what goes on under one barrier, and under those in it; their workers are told this. */
export async function sweepUnder(deps: SweepDeps, ref: BarrierRef, message: CancelMessage): Promise<void> {
  const { store, clock, limits, cancelMany } = deps;
  for (;;) {
    const { tasks, barriers } = await store.readRest(ref, limits.batchTasksMax);
    if (tasks.length === 0 && barriers.length === 0) break;
    const now: Instant = clock.now();
    // First what could make more of them.
    for (const inner of barriers)
      await store.closeBarrier({ ref: inner, state: "cancelled", cause: undefined, now });
    if (tasks.length > 0) await cancelMany(tasks, message);
    for (const inner of barriers) await sweepUnder(deps, inner, message);
  }
  await store.markSwept([ref]);
}
