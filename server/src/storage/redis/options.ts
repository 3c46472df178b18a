import type { Limits } from "../../model/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Durability } from "../../ports/store.ts";

/** What the store is opened with. */
export type RedisOptions = {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  /** What leases that were out get when every server was away. */
  readonly lease: { readonly leaseMs: number; readonly graceMs: number };
  /** Default "disk". "relaxed": the last answered calls may be lost with the power. */
  readonly durability?: Exclude<Durability, "none">;
  /** Called once when Redis does not keep any more what it promised. */
  readonly onFatal?: (error: Error) => void;
};
