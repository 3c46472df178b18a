/**
 * What happens when a schedule is due while the task of an earlier slot has not ended.
 * - allow: another one beside it.
 * - skip: none for this slot.
 * - queue_one: one waits for its end; while one waits, none for this slot.
 * - cancel_running: it is cancelled, and another one starts.
 */
export type OverlapPolicy = "allow" | "skip" | "queue_one" | "cancel_running";

/** How the schedule's earlier tasks stand: whether one has not ended, and whether one waits for that. */
export type EarlierTasks = { readonly isRunning: boolean; readonly isOneWaiting: boolean };

/** What to do with a slot that is due. */
export type OverlapDecision =
  | { readonly kind: "start" }
  | { readonly kind: "cancel_and_start" }
  | { readonly kind: "wait" }
  | { readonly kind: "skip"; readonly reason: "still_running" | "one_is_waiting" };

/** Decides about one slot. Who fires several decides one after the other: what the first one started is running for the second. */
export function decideOverlap(policy: OverlapPolicy, earlier: EarlierTasks): OverlapDecision {
  if (policy === "allow" || !(earlier.isRunning || earlier.isOneWaiting)) return { kind: "start" };
  switch (policy) {
    case "skip":
      return { kind: "skip", reason: "still_running" };
    case "queue_one":
      return earlier.isOneWaiting ? { kind: "skip", reason: "one_is_waiting" } : { kind: "wait" };
    case "cancel_running":
      return { kind: "cancel_and_start" };
  }
}
