import type { Defaults, Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Claimed, TaskStore } from "../ports/task-store.ts";
import { type AssemblingDeps, createAssembling } from "./assembling.ts";
import type { ClaimBounds, TakerDeps } from "./taker.ts";

/** What a grant weighs on the wire besides its task's content, at most: token, ids, queue and numbers. */
const grantBytesMax = 704;
/** What a task's content may hold besides payload and headers: name, tags, options, trace, signature. */
const contentExtraBytesMax = 16 * 1024;

/** What claiming needs. */
export type ClaimDeps = AssemblingDeps & {
  readonly store: Pick<TaskStore, "claim">;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly defaults: Defaults;
};

/** Claims so that what is leased together fits into one frame, and tells whether more may be there. */
export function createClaim(deps: ClaimDeps): Pick<TakerDeps, "claim" | "isLast" | "now"> {
  const { store, clock, limits, defaults } = deps;
  const ready = createAssembling(deps);
  const bytesMaxOf = ({ limit, bytesMax }: ClaimBounds): number =>
    Math.max(1, Math.min(bytesMax, limits.frameBytesMax - limit * grantBytesMax));
  const contentBytesMax =
    limits.payloadBytesMax + limits.headersBytesMax + contentExtraBytesMax + limits.checkpointBytesMax;

  const claimOnce: TakerDeps["claim"] = ({ namespace, queues, order, worker, labels }, bounds) =>
    store.claim({
      namespace,
      queues,
      tiers: order?.tiers,
      worker,
      labels,
      limit: bounds.limit,
      turnsMax: bounds.turnsMax,
      contentBytesMax: bytesMaxOf(bounds),
      now: clock.now(),
      leaseMs: defaults.leaseMs,
      graceMs: defaults.leaseGraceMs,
    });

  return {
    now: clock.now,
    async claim(wants, bounds) {
      for (;;) {
        const claimed = await claimOnce(wants, bounds);
        const readied = await ready(wants.namespace, claimed);
        // Whoever claims again until something comes would take nothing for an empty queue.
        if (readied.length > 0 || claimed.length === 0) return readied;
      }
    },
    // A claim is short because nothing is left, because the next task may not have fitted, or because its turns were over.
    isLast: (tasks, bounds) =>
      tasks.length < bounds.limit &&
      tasks.length !== bounds.turnsMax &&
      (tasks.length === 0 || bytesOf(tasks) + contentBytesMax <= bytesMaxOf(bounds)),
  };
}

function bytesOf(tasks: readonly Claimed[]): number {
  let bytes = 0;
  for (const { content, checkpoint } of tasks) bytes += content.length + (checkpoint?.length ?? 0);
  return bytes;
}
