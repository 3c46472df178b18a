import type { HeldLease } from "../lease.ts";
import type { Outcome } from "../settlement.ts";

/** Runs handlers. Where it does so is its own business: here, in a thread, in another process. */
export interface Runner {
  /** Runs the lease's handler; resolves with how the attempt ended. Never rejects. */
  run(lease: HeldLease): Promise<Outcome>;
}
