import { create } from "@bufbuild/protobuf";
import { type Duration, durationFromMs, type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type KeepNewest, KeepNewestSchema } from "@stem/proto/stem/v1/retention_pb";
import { Jitter, type RetryPolicy, RetryPolicySchema } from "@stem/proto/stem/v1/retry_pb";
import { AckMode, type TaskOptions as ProtoOptions, TaskOptionsSchema } from "@stem/proto/stem/v1/task_pb";
import {
  ArgPathsSchema,
  type Debounce,
  DebounceSchema,
  type UniqueOptions as ProtoUniqueOptions,
  UniqueConflict,
  UniqueOptionsSchema,
  UniqueUntil,
} from "@stem/proto/stem/v1/unique_pb";
import type { ErrorType, RetryOptions, TaskOptions, UniqueOptions } from "./task-options.ts";
import { stateToProto } from "./task-state.ts";

/** Options as a message; undefined where they say nothing that goes into one. Throws a RangeError that names the option. */
export function runOptions(options: TaskOptions): ProtoOptions | undefined {
  let run: ProtoOptions | undefined;
  const say = <K extends keyof ProtoOptions>(field: K, value: ProtoOptions[K] | undefined): void => {
    if (value === undefined) return;
    run ??= create(TaskOptionsSchema);
    run[field] = value;
  };
  say("priority", options.priority);
  say("maxAttempts", options.maxAttempts);
  say("maxDeliveries", options.maxDeliveries);
  say("retry", options.retry && retryPolicy(options.retry));
  say("start", start(options));
  say("timeLimit", duration("timeLimitMs", options.timeLimitMs));
  say("softTimeLimit", duration("softTimeLimitMs", options.softTimeLimitMs));
  say("expiry", expiry(options));
  say("startWithin", duration("startWithinMs", options.startWithinMs));
  say("ack", options.ack && ackModes[options.ack]);
  say("ignoreResult", options.ignoreResult);
  say("leaseDuration", duration("leaseMs", options.leaseMs));
  say("resultRetention", duration("resultRetentionMs", options.resultRetentionMs));
  say("keepNewest", options.keepNewest && keepNewest(options.keepNewest));
  say("unique", options.unique === undefined ? undefined : uniqueChoice(options.unique));
  say("limitKey", options.limitKey);
  say("orderingKey", options.orderingKey);
  say("fairnessKey", options.fairnessKey);
  say("requiredLabels", options.requiredLabels && { ...options.requiredLabels });
  return run;
}

/** The instant wins over the delay, as it does for a handler that asks for another attempt. */
function start({ notBefore, delayMs }: TaskOptions): ProtoOptions["start"] | undefined {
  const at = timestamp("notBefore", notBefore);
  if (at) return { case: "notBeforeTime", value: at };
  const delay = duration("delayMs", delayMs);
  return delay && { case: "delay", value: delay };
}

/** The instant wins here, too. */
function expiry({ expireAt, expireAfterMs }: TaskOptions): ProtoOptions["expiry"] | undefined {
  const at = timestamp("expireAt", expireAt);
  if (at) return { case: "expireTime", value: at };
  const after = duration("expireAfterMs", expireAfterMs);
  return after && { case: "expireAfter", value: after };
}

const ackModes = { late: AckMode.LATE, early: AckMode.EARLY } as const;
const jitters = { full: Jitter.FULL, none: Jitter.NONE } as const;

/** A policy for retries for the wire; throws a RangeError that names the option. */
export function retryPolicy(retry: RetryOptions): RetryPolicy {
  const policy = create(RetryPolicySchema);
  const base = duration("retry.baseDelayMs", retry.baseDelayMs);
  const max = duration("retry.maxDelayMs", retry.maxDelayMs);
  if (base) policy.baseDelay = base;
  if (max) policy.maxDelay = max;
  if (retry.factor !== undefined) policy.factor = retry.factor;
  if (retry.jitter !== undefined) policy.jitter = jitters[retry.jitter];
  policy.delays = (retry.delaysMs ?? []).flatMap((ms, at) => duration(`retry.delaysMs[${at}]`, ms) ?? []);
  policy.retryFor = (retry.retryFor ?? []).map(typeName);
  policy.neverFor = (retry.neverFor ?? []).map(typeName);
  return policy;
}

function keepNewest({ count, bytes }: NonNullable<TaskOptions["keepNewest"]>): KeepNewest {
  const message = create(KeepNewestSchema);
  if (count !== undefined) message.count = wholeNumber("keepNewest.count", count);
  if (bytes !== undefined) message.bytes = wholeNumber("keepNewest.bytes", bytes);
  return message;
}

function wholeNumber(option: string, value: number): bigint {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`${option} must be a whole number, 0 or more; it is ${value}`);
  return BigInt(value);
}

function uniqueChoice(unique: boolean | UniqueOptions): ProtoUniqueOptions {
  if (unique === false) return create(UniqueOptionsSchema, { by: { case: "none", value: true } });
  return uniqueOptions(unique === true ? {} : unique);
}

const untils = { ended: UniqueUntil.ENDED, started: UniqueUntil.STARTED } as const;
const conflicts = {
  return: UniqueConflict.RETURN_EXISTING,
  reject: UniqueConflict.REJECT,
  replace: UniqueConflict.REPLACE,
} as const;

function uniqueOptions({ key, argPaths, debounce, ...unique }: UniqueOptions): ProtoUniqueOptions {
  if (key !== undefined && argPaths !== undefined)
    throw new RangeError("unique.key and unique.argPaths are one choice");
  const message = create(UniqueOptionsSchema);
  if (key !== undefined) message.by = { case: "key", value: key };
  if (argPaths) message.by = { case: "argPaths", value: create(ArgPathsSchema, { paths: [...argPaths] }) };
  if (unique.until !== undefined) message.until = untils[unique.until];
  if (unique.onConflict !== undefined) message.onConflict = conflicts[unique.onConflict];
  const uniqueFor = duration("unique.uniqueForMs", unique.uniqueForMs);
  if (uniqueFor) message.uniqueFor = uniqueFor;
  if (unique.states) message.states = unique.states.map(stateToProto);
  const window = duration("unique.windowMs", unique.windowMs);
  if (window) message.window = window;
  if (debounce) message.debounce = debounceOf(debounce);
  return message;
}

function debounceOf({ delayMs, maxWaitMs }: NonNullable<UniqueOptions["debounce"]>): Debounce {
  const message = create(DebounceSchema);
  const delay = duration("unique.debounce.delayMs", delayMs);
  const maxWait = duration("unique.debounce.maxWaitMs", maxWaitMs);
  if (delay) message.delay = delay;
  if (maxWait) message.maxWait = maxWait;
  return message;
}

const typeName = (type: ErrorType): string => (typeof type === "string" ? type : type.name);

/** An instant for the wire; throws a RangeError that names the option. */
export function timestamp(option: string, at: Date | undefined): Timestamp | undefined {
  if (at === undefined) return undefined;
  if (Number.isNaN(at.getTime())) throw new RangeError(`${option} is not a valid date`);
  return timestampFromDate(at);
}

/** A duration for the wire, rounded up to whole milliseconds; throws a RangeError that names the option. */
export function duration(option: string, ms: number | undefined): Duration | undefined {
  if (ms === undefined) return undefined;
  if (!Number.isFinite(ms) || ms < 0)
    throw new RangeError(`${option} must be a number of milliseconds, 0 or more; it is ${ms}`);
  return durationFromMs(Math.ceil(ms));
}
