import { create } from "@bufbuild/protobuf";
import { type Duration, durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Jitter, type RetryPolicy, RetryPolicySchema } from "@stem/proto/stem/v1/retry_pb";
import {
  ArgPathsSchema,
  type Debounce,
  DebounceSchema,
  type TaskOptions as ProtoOptions,
  type UniqueOptions as ProtoUniqueOptions,
  TaskOptionsSchema,
  UniqueConflict,
  UniqueOptionsSchema,
  UniqueUntil,
} from "@stem/proto/stem/v1/task_pb";
import type { RetryOptions, TaskOptions, UniqueOptions } from "./task-options.ts";

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
  say("leaseDuration", duration("leaseMs", options.leaseMs));
  say("resultRetention", duration("resultRetentionMs", options.resultRetentionMs));
  say("unique", options.unique && uniqueOptions(options.unique === true ? {} : options.unique));
  say("limitKey", options.limitKey);
  say("orderingKey", options.orderingKey);
  say("fairnessKey", options.fairnessKey);
  say("requiredLabels", options.requiredLabels && { ...options.requiredLabels });
  return run;
}

function start({ notBefore, delayMs }: TaskOptions): ProtoOptions["start"] | undefined {
  if (notBefore !== undefined) {
    if (Number.isNaN(notBefore.getTime())) throw new RangeError("notBefore is not a valid date");
    return { case: "notBeforeTime", value: timestampFromDate(notBefore) };
  }
  const delay = duration("delayMs", delayMs);
  return delay && { case: "delay", value: delay };
}

const jitters = { full: Jitter.FULL, none: Jitter.NONE } as const;

function retryPolicy(retry: RetryOptions): RetryPolicy {
  const policy = create(RetryPolicySchema);
  const base = duration("retry.baseDelayMs", retry.baseDelayMs);
  const max = duration("retry.maxDelayMs", retry.maxDelayMs);
  if (base) policy.baseDelay = base;
  if (max) policy.maxDelay = max;
  if (retry.factor !== undefined) policy.factor = retry.factor;
  if (retry.jitter !== undefined) policy.jitter = jitters[retry.jitter];
  return policy;
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

/** A duration for the wire, rounded up to whole milliseconds; throws a RangeError that names the option. */
export function duration(option: string, ms: number | undefined): Duration | undefined {
  if (ms === undefined) return undefined;
  if (!Number.isFinite(ms) || ms < 0)
    throw new RangeError(`${option} must be a number of milliseconds, 0 or more; it is ${ms}`);
  return durationFromMs(Math.ceil(ms));
}
