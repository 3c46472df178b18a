/** TaskOptions.unique on its way in: which rules it breaks, and what it asks for. */

import { fromBinary } from "@bufbuild/protobuf";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import { NewTaskSchema, type TaskOptions } from "@stem/proto/stem/v1/task_pb";
import {
  type Debounce,
  UniqueConflict,
  type UniqueOptions,
  UniqueUntil,
} from "@stem/proto/stem/v1/unique_pb";
import type { ArgsDigest, TaskSubmission, UniqueSubmission } from "../../broker/broker.ts";
import { digestOf } from "../../lib/digest.ts";
import { type Instant, plus } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import type { FieldViolation, Problem } from "../../model/problem.ts";
import type { UniqueDefaults } from "../../model/task-definition.ts";
import { derivedKeyPrefix, type OnConflict, type UniqueScope } from "../../model/unique.ts";
import { canonicalJson, parseExactly, partAt } from "./canonical-json.ts";
import { fieldText } from "./field-text.ts";
import { durationFault, durationMs } from "./time-fields.ts";
import { heldByStates, statesViolations } from "./unique-states.ts";

const field = "options.unique";
const keyPattern = /^[\x21-\x7e]{1,255}$/;
const pointerPattern = /^(?:\/(?:[^~/]|~[01])*)*$/;
const pathsMax = 16;
const pathBytesMax = 255;

/** Adds every rule that unique options break to `found`. */
export function uniqueViolations({ unique, start }: TaskOptions, found: FieldViolation[]): void {
  if (unique === undefined) return;
  checkBy(unique, found);
  if (unique.by.case === "none") checkNone(unique, found);
  for (const [name, value] of [
    ["until", unique.until],
    ["on_conflict", unique.onConflict],
  ] as const)
    if (value < 0 || value > (name === "until" ? 2 : 3))
      found.push({
        field: `${field}.${name}`,
        description: "must be one of the values that the schema names",
      });
  statesViolations(unique, found);
  checkLength("unique_for", unique.uniqueFor, 0, found);
  checkLength("window", unique.window, 0, found);
  if (unique.debounce) checkDebounce(unique, start.case !== undefined, found);
}

function checkNone(
  { until, states, onConflict, uniqueFor, window, debounce }: UniqueOptions,
  found: FieldViolation[],
): void {
  if (until !== 0 || states.length > 0 || onConflict !== 0 || uniqueFor || window || debounce)
    found.push({ field, description: "with none, nothing else must be given" });
}

function checkBy({ by }: UniqueOptions, found: FieldViolation[]): void {
  if (by.case === "key") {
    if (!keyPattern.test(by.value)) found.push({ field: `${field}.key`, description: fieldText.uniqueKey });
    else if (by.value.startsWith(derivedKeyPrefix))
      found.push({ field: `${field}.key`, description: `must not begin with ${derivedKeyPrefix}` });
  }
  if (by.case === "none" && !by.value)
    found.push({ field: `${field}.none`, description: "must be true, or left out" });
  if (by.case !== "argPaths") return;
  const { paths } = by.value;
  if (paths.length === 0 || paths.length > pathsMax) {
    found.push({ field: `${field}.arg_paths.paths`, description: `must have 1 to ${pathsMax} items` });
    return;
  }
  for (const [at, path] of paths.entries())
    if (!pointerPattern.test(path) || Buffer.byteLength(path) > pathBytesMax)
      found.push({
        field: `${field}.arg_paths.paths[${at}]`,
        description: `must be a JSON Pointer of at most ${pathBytesMax} bytes, such as /0/customer`,
      });
}

function checkLength(
  name: string,
  value: UniqueOptions["window"],
  minMs: number,
  found: FieldViolation[],
): void {
  if (value === undefined) return;
  const fault =
    durationFault(value) ?? (tooShort(value, minMs) ? `must not be shorter than ${minMs} ms` : undefined);
  if (fault !== undefined) found.push({ field: `${field}.${name}`, description: fault });
}

const tooShort = ({ seconds, nanos }: NonNullable<UniqueOptions["window"]>, minMs: number): boolean =>
  seconds < 0n || nanos < 0 || (seconds === 0n && nanos < minMs * 1_000_000);

function checkDebounce(unique: UniqueOptions, hasStart: boolean, found: FieldViolation[]): void {
  const { debounce } = unique;
  if (debounce === undefined) return;
  if (debounce.delay === undefined)
    found.push({ field: `${field}.debounce.delay`, description: "must be given" });
  checkLength("debounce.delay", debounce.delay, 1, found);
  checkLength("debounce.max_wait", debounce.maxWait, 1, found);
  if (hasStart)
    found.push({
      field: "options",
      description: "a debounce says when the task starts, and no delay or time does",
    });
  const { until, states, onConflict, uniqueFor, window } = unique;
  const isAlone =
    until !== UniqueUntil.ENDED && states.length === 0 && onConflict === UniqueConflict.UNSPECIFIED;
  if (!isAlone || uniqueFor !== undefined || window !== undefined)
    found.push({
      field,
      description:
        "until ENDED, states, on_conflict, unique_for and window must not be given with a debounce",
    });
}

const conflicts: Readonly<Record<number, OnConflict>> = {
  [UniqueConflict.REJECT]: "reject",
  [UniqueConflict.REPLACE]: "replace",
};

/** How long a task's claim lasts; undefined where it says that it makes none. */
export function uniqueScope(unique: UniqueOptions): UniqueScope | undefined {
  const { by, until, states, uniqueFor, debounce } = unique;
  if (by.case === "none") return undefined;
  const forMs = uniqueFor ? durationMs(uniqueFor) : 0;
  const held = heldByStates(states);
  if (states.length === 0 || typeof held === "string")
    return { until: debounce || until === UniqueUntil.STARTED ? "started" : "ended", forMs };
  return { ...held, forMs: uniqueFor || held.keptAfter === undefined ? forMs : undefined };
}

/** What tasks of a name claim, from options that broke no rule; a problem where it cannot be. */
export function uniqueDefaults(unique: UniqueOptions, limits: Limits): UniqueDefaults | Problem | undefined {
  const { by, debounce, window } = unique;
  if (by.case === "none") return undefined;
  return (
    lengthProblem(unique, limits) ?? {
      key: by.case === "key" ? by.value : undefined,
      argPaths: by.case === "argPaths" ? by.value.paths : undefined,
      onConflict: conflictOf(unique),
      windowMs: window && durationMs(window),
      delayMs: debounce?.delay && durationMs(debounce.delay),
      maxWaitMs: debounce?.maxWait && durationMs(debounce.maxWait),
    }
  );
}

const conflictOf = ({ debounce, onConflict }: UniqueOptions): OnConflict =>
  debounce ? "debounce" : (conflicts[onConflict] ?? "return");

/** When a debounced task may start, unless more of them come. */
export const debounceStart = ({ delay }: Debounce): TaskSubmission["start"] =>
  delay && { delayMs: durationMs(delay) };

/** What a task claims, from options that broke no rule and arguments as they are kept; a problem where it cannot be. */
export function uniqueSubmission(
  unique: UniqueOptions,
  args: Payload | undefined,
  { now, limits }: { readonly now: Instant; readonly limits: Limits },
): UniqueSubmission | "none" | Problem {
  if (unique.by.case === "none") return "none";
  const tooLong = lengthProblem(unique, limits);
  if (tooLong !== undefined) return tooLong;
  const by = keyOf(unique, args);
  if ("reason" in by) return by;
  const { debounce, window } = unique;
  return {
    by,
    onConflict: conflictOf(unique),
    keepUntil: window && plus(now, durationMs(window)),
    startBy: debounce?.maxWait && plus(now, durationMs(debounce.maxWait)),
  };
}

function lengthProblem({ uniqueFor, window, debounce }: UniqueOptions, limits: Limits): Problem | undefined {
  const lengths = {
    unique_for: uniqueFor,
    window,
    "debounce.delay": debounce?.delay,
    "debounce.max_wait": debounce?.maxWait,
  };
  const violations = Object.entries(lengths)
    .filter(([, length]) => length !== undefined && durationMs(length) > limits.uniqueMsMax)
    .map(([name]) => ({
      field: `${field}.${name}`,
      description: `must be at most ${limits.uniqueMsMax} ms long`,
    }));
  return violations.length > 0 ? { reason: "FIELD_OUT_OF_RANGE", violations } : undefined;
}

function keyOf({ by }: UniqueOptions, args: Payload | undefined): UniqueSubmission["by"] | Problem {
  if (by.case === "key") return { key: by.value };
  const paths = by.case === "argPaths" ? by.value.paths : undefined;
  if (paths !== undefined && args !== undefined && args.data.case !== "json") {
    const description = "needs arguments that are JSON";
    return { reason: "FIELD_INVALID", violations: [{ field: `${field}.arg_paths`, description }] };
  }
  return { argsDigest: digestOfArgs(args, paths) };
}

function digestOfArgs(args: Payload | undefined, paths: readonly string[] | undefined): string {
  if (args === undefined) return digestOf(["none"]);
  if (args.data.case === "json") return digestOfJson(args.data.value, paths ?? [""]);
  return digestOf(["bytes", args.contentType, args.data.case === "binary" ? args.data.value : noBytes]);
}

/** The digest of what counts of the arguments in a content. Of arguments that are not JSON all counts: their producer knows of no paths. */
export const argsDigest: ArgsDigest = (content, paths) =>
  digestOfArgs(fromBinary(NewTaskSchema, content).args, paths);

const noBytes = new Uint8Array(0);

/** A part that is not there counts as no part, which null is not. */
function digestOfJson(text: string, paths: readonly string[]): string {
  const value = parseExactly(text);
  const parts = paths.toSorted().map((path) => {
    const part = partAt(value, path);
    return [path, part === undefined ? "" : canonicalJson(part)];
  });
  return digestOf(["json", ...parts.flat()]);
}
