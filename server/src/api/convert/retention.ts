/** How long, and how many, ended tasks are kept: on the way in. */

import { create } from "@bufbuild/protobuf";
import {
  type SetRetentionRequest,
  type SetRetentionResponse,
  SetRetentionResponseSchema,
  type KeepNewest as WireBound,
} from "@stem/proto/stem/v1/retention_pb";
import { type Instant, plus } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { type FieldViolation, fieldInvalid, StemProblem } from "../../model/problem.ts";
import type { KeepNewest } from "../../model/retention.ts";
import { timestampFromInstant } from "./time.ts";
import { durationFault, durationMs, timestampFault, timestampInstant } from "./time-fields.ts";

const path = "options.keep_newest";

/** Adds every rule that a bound breaks to `found`. */
export function keepNewestViolations(
  { count, bytes }: WireBound,
  { keptTasksMax, keptBytesMax }: Limits,
  found: FieldViolation[],
): void {
  check("count", count, keptTasksMax, found);
  check("bytes", bytes, keptBytesMax, found);
}

function check(field: string, value: bigint | undefined, max: number, found: FieldViolation[]): void {
  if (value !== undefined && (value < 0n || value > BigInt(max)))
    found.push({ field: `${path}.${field}`, description: `must be between 0 and ${max}` });
}

/** A bound that broke no rule; undefined where it is empty, which is said, too. */
export const readKeepNewest = ({ count, bytes }: WireBound): KeepNewest | undefined =>
  count === undefined && bytes === undefined
    ? undefined
    : {
        ...(count !== undefined && { count: Number(count) }),
        ...(bytes !== undefined && { bytes: Number(bytes) }),
      };

/** When the record of an ended task shall go; not before now. Throws what is wrong with it. */
export function purgeTimeOf(
  { until }: Pick<SetRetentionRequest, "until">,
  { now, limits }: { readonly now: Instant; readonly limits: Limits },
): Instant {
  if (until.case === undefined) throw fieldInvalid("until", "must be given: keep_for or purge_time");
  const isLength = until.case === "keepFor";
  const field = isLength ? "keep_for" : "purge_time";
  const fault = isLength ? durationFault(until.value) : timestampFault(until.value);
  if (fault !== undefined) throw fieldInvalid(field, fault);
  const at = isLength ? plus(now, durationMs(until.value)) : timestampInstant(until.value);
  if (at - now <= limits.retentionMsMax) return at > now ? at : now;
  const description = `must be at most ${limits.retentionMsMax} ms ahead`;
  throw new StemProblem({ reason: "FIELD_OUT_OF_RANGE", violations: [{ field, description }] });
}

/** Until when a record is kept. */
export const retentionToProto = (purgeAt: Instant): SetRetentionResponse =>
  create(SetRetentionResponseSchema, { purgeTime: timestampFromInstant(purgeAt) });
