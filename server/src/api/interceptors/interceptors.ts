/** What stands around every handler on both stacks, outermost first. */

import type { Auth } from "../../auth/auth.ts";
import type { Log } from "../../ports/log.ts";
import type { Interceptor } from "../call.ts";
import { watchCallers } from "./auth.ts";
import { boundCalls, type DeadlineDeps } from "./deadline.ts";
import { translateProblems } from "./problems.ts";
import { validateRequests } from "./validate.ts";

/** What the interceptors need. */
export type InterceptorDeps = DeadlineDeps & {
  readonly log: Log;
  /** Knows who calls; undefined: nobody is asked. */
  readonly auth?: Auth | undefined;
};

/** The interceptors of a server. */
export const createInterceptors = (deps: InterceptorDeps): readonly Interceptor[] => [
  translateProblems(deps.log),
  ...(deps.auth ? [watchCallers(deps.auth)] : []),
  boundCalls(deps),
  validateRequests,
];
