/** What whoever cancels or revokes tasks says. */

import type { RevokeTasksRequest } from "@stem/proto/stem/v1/task_admin_service_pb";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid } from "../../model/problem.ts";
import type { CancelMessage } from "../../model/task.ts";
import type { Caller } from "../callers.ts";
import { requesterOf } from "./requester.ts";
import { durationMs } from "./time-fields.ts";

/** Why, and who asks. */
export const cancelMessageOf = (
  { reason, requester }: { readonly reason: string; readonly requester: string },
  caller: Caller,
): CancelMessage => ({ reason, requester: requesterOf(requester, caller) });

/** How long ids are waited for; undefined: as long as usual. */
export function revocationMsOf({ ttl }: RevokeTasksRequest, { revocationMsMax }: Limits): number | undefined {
  const ttlMs = ttl && durationMs(ttl);
  if (ttlMs !== undefined && ttlMs > revocationMsMax)
    throw fieldInvalid("ttl", `must be at most ${revocationMsMax} ms`);
  return ttlMs;
}
