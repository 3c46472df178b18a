import type { Instant } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { FieldViolation } from "../model/problem.ts";
import type { ScheduleSettings } from "../model/schedule-record.ts";
import { checkCatchUp } from "./check-catch-up.ts";
import { checkSpec } from "./check-spec.ts";
import { checkWhole } from "./check-whole.ts";

/** What is wrong with what is said of a schedule, if anything is; the path is relative to it. What it starts is looked at elsewhere. */
export function checkSettings(
  settings: ScheduleSettings,
  limits: Limits,
  now: Instant,
): FieldViolation | undefined {
  const { spec, catchUp, jitterMs, runsMax, target, description } = settings;
  return (
    under("spec", checkSpec(spec, now)) ??
    under("catch_up", checkCatchUp(catchUp)) ??
    checkWhole("jitter", jitterMs, { min: 0, max: limits.scheduleJitterMsMax, unit: "ms" }) ??
    (runsMax === undefined
      ? undefined
      : checkWhole("max_runs", runsMax, { min: 1, max: limits.scheduleRunsMax })) ??
    checkBytes(target.kind, target.content.length, limits.scheduleTargetBytesMax) ??
    checkBytes("description", Buffer.byteLength(description), limits.scheduleTextBytesMax)
  );
}

const under = (path: string, violation: FieldViolation | undefined): FieldViolation | undefined =>
  violation && { ...violation, field: `${path}.${violation.field}` };

const checkBytes = (field: string, bytes: number, max: number): FieldViolation | undefined =>
  bytes <= max ? undefined : { field, description: `has ${bytes} bytes; ${max} are allowed` };
