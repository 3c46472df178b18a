import type { Bytes, Instant } from "./ids.ts";
import type { TaskChange } from "./task-machine.ts";

/** How an attempt ended that did not end well. */
export type AttemptOutcome = "failed" | "rejected" | "result_too_large" | "unknown_name" | "lease_expired";

/** One attempt of a task that ended badly. Kept of the newest few, and only where there was one. */
export type AttemptRecord = {
  /** Its number, from 1; a lost lease or an unknown name leaves the number to the next one. */
  readonly attempt: number;
  readonly startedAt: Instant | undefined;
  readonly endedAt: Instant;
  readonly worker: string | undefined;
  readonly outcome: AttemptOutcome;
  readonly failure: Bytes | undefined;
};

/** What a change says of the attempt that it ends; undefined where that ended well, was given back, or where there was none. */
export function attemptEnd(
  change: TaskChange,
  isSettled: boolean,
): Pick<AttemptRecord, "attempt" | "outcome"> | undefined {
  const { event, reason, attempt } = change;
  switch (event) {
    case "retried":
      // A back-off counts the next attempt already.
      return reason === "unknown_name"
        ? { attempt, outcome: reason }
        : { attempt: attempt - 1, outcome: "failed" };
    case "lease_expired":
      return { attempt, outcome: "lease_expired" };
    case "failed":
      if (reason === "rejected" || reason === "result_too_large") return { attempt, outcome: reason };
      return { attempt, outcome: isSettled ? "failed" : "lease_expired" };
    default:
      return undefined;
  }
}
