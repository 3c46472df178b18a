import type { QueueHints } from "../broker/broker.ts";
import type { Instant } from "../model/ids.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { TaskStore } from "../ports/task-store.ts";
import { tellReady, transitionAll } from "./transitions.ts";

/** What the reaper needs. */
export type ReaperDeps = {
  readonly store: Pick<TaskStore, "expiredLeases" | "apply">;
  readonly queueHints: QueueHints;
  readonly hints: TaskHints;
};

/** When it comes again, and how much it does at once. */
export type ReaperOptions = { readonly intervalMs: number; readonly batchTasksMax: number };

/**
 * Takes tasks back whose lease and grace are over: ready again, cancelled if that was asked, or failed for good when no delivery is
 * left; free of charge if its grant never arrived. A heartbeat that comes at the same moment wins if it commits first: the end of the lease is checked in the write.
 */
export async function reapOnce(
  { store, queueHints, hints }: ReaperDeps,
  { intervalMs, batchTasksMax }: ReaperOptions,
  now: Instant,
): Promise<number> {
  const expired = await store.expiredLeases(now, batchTasksMax);
  const done = await transitionAll(store, expired, {
    trigger: (task) => ({ kind: "lease_expired", neverArrived: queueHints.neverArrived(task) }),
    now,
    leaseUntilBefore: now,
  });
  tellReady(queueHints, done);
  hints.leaseEnded(done.map(({ ref }) => ref));
  return expired.length === batchTasksMax && done.length > 0 ? 0 : intervalMs;
}
