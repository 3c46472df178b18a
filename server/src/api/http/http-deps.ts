import type { Limits } from "../../model/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Callers } from "../callers.ts";
import type { Route } from "../route.ts";

/** What the stack needs. */
export type HttpDeps = {
  readonly routes: readonly Route[];
  readonly clock: Clock;
  readonly limits: Limits;
  readonly log: Log;
  readonly nextRequestId: () => string;
  readonly callers: Callers;
  /** Whether new work is taken, for /readyz. */
  readonly isReady: () => boolean;
};
