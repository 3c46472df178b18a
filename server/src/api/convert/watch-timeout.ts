import type { Duration } from "@bufbuild/protobuf/wkt";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid } from "../../model/problem.ts";
import { durationFault, durationMs } from "./time-fields.ts";

/** How long a caller waits or watches, cut to the limit in force; unset: as long as may be. Throws FIELD_INVALID. */
export function watchTimeoutMs(
  timeout: Duration | undefined,
  { awaitMsMax }: Pick<Limits, "awaitMsMax">,
): number {
  if (!timeout) return awaitMsMax;
  const fault = durationFault(timeout);
  if (fault !== undefined) throw fieldInvalid("timeout", fault);
  return Math.min(durationMs(timeout), awaitMsMax);
}
