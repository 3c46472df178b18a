import { create } from "@bufbuild/protobuf";
import { type Duration, durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Jitter, type RetryPolicy, RetryPolicySchema } from "@stem/proto/stem/v1/retry_pb";
import { type TaskOptions as ProtoOptions, TaskOptionsSchema } from "@stem/proto/stem/v1/task_pb";
import type { RetryOptions, TaskOptions } from "./task-options.ts";

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

/** A duration for the wire, rounded up to whole milliseconds; throws a RangeError that names the option. */
export function duration(option: string, ms: number | undefined): Duration | undefined {
  if (ms === undefined) return undefined;
  if (!Number.isFinite(ms) || ms < 0)
    throw new RangeError(`${option} must be a number of milliseconds, 0 or more; it is ${ms}`);
  return durationFromMs(Math.ceil(ms));
}
