import type { Logger } from "@stem/sdk";
import type { Clock } from "@stem/sdk/internal";
import { Deadlines } from "./deadlines.ts";
import { LeaseLost, TimeLimitExceeded } from "./errors.ts";
import type { HeldLease } from "./lease.ts";
import { failed, type Outcome, unstarted } from "./settlement.ts";

/** What can be done about a lease. */
export type OverdueDeps = {
  readonly log: Logger;
  /** Takes a lease out of those that wait for a slot. */
  readonly withdraw: (lease: HeldLease) => void;
  readonly settle: (lease: HeldLease, outcome: Outcome) => void;
  /** A handler has reached its soft time limit, and was told. */
  readonly onSoftTimeout: (lease: HeldLease) => void;
  /** A handler has reached its time limit. */
  readonly onTimeout: (lease: HeldLease) => void;
  /** Settles over the head of a handler that goes on. */
  readonly abandon: (lease: HeldLease, outcome: Outcome) => void;
  /** How long a handler has to end after its signal aborted, before its outcome is settled over its head. */
  readonly abortGraceMs: number;
};

/** Looks after the deadlines of all leases. */
export const watchOverdue = (leases: Iterable<HeldLease>, clock: Clock, deps: OverdueDeps): Deadlines =>
  new Deadlines(leases, clock, (lease, now) => endOverdue(lease, now, deps));

/** Does what is due for a lease: its start, its soft and its hard time limit, the end of its time limit's grace, or a confirmation did not come in time. */
export function endOverdue(lease: HeldLease, now: number, deps: OverdueDeps): void {
  if (lease.phase === "unconfirmed" || lease.phase === "buffered") {
    deps.withdraw(lease);
    deps.settle(lease, unstarted);
  } else if (lease.stop instanceof TimeLimitExceeded) {
    deps.log.warn(
      { taskId: lease.grant.taskId },
      "a handler goes on after its time limit; its slot stays taken",
    );
    deps.abandon(lease, failed(lease.stop));
  } else if (lease.softAt <= now && lease.limitAt > now) {
    lease.warn();
    deps.onSoftTimeout(lease);
  } else if (lease.limitAt <= now) {
    lease.abort(new TimeLimitExceeded(lease.timeLimitMs ?? 0));
    deps.onTimeout(lease);
    // One that can be ended from outside is, and settles then: no other attempt may overlap it.
    lease.limitAt = lease.kill ? Number.POSITIVE_INFINITY : now + deps.abortGraceMs;
  } else {
    deps.log.warn(
      { taskId: lease.grant.taskId },
      "a lease could not be confirmed in time; its handler is stopped",
    );
    lease.abort(new LeaseLost(false));
  }
}
