import type { Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Durability } from "../ports/store.ts";

/** What every store that outlives its server is opened with. */
export type StoreOptions = {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  /** What leases that were out get when the store opens after every server was away. */
  readonly lease: LeaseTerms;
  /** Default "disk": every answered accept and settlement was synced. "relaxed": the last ones may be lost with the power. */
  readonly durability?: Exclude<Durability, "none">;
  /** Called once when the store can no longer be trusted: the process should end with an error and be started again. */
  readonly onFatal?: (error: Error) => void;
};

/** How long a lease lasts, and for how long after its end it is honoured. */
export type LeaseTerms = { readonly leaseMs: number; readonly graceMs: number };
