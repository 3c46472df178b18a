import { create } from "@bufbuild/protobuf";
import { type Duration, durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Jitter, type RetryPolicy, RetryPolicySchema } from "@stem/proto/stem/v1/retry_pb";
import {
  type NewTask,
  type TaskOptions as ProtoOptions,
  TaskOptionsSchema,
  TraceContextSchema,
} from "@stem/proto/stem/v1/task_pb";
import { payloadBytesAtMost, payloadToProto } from "./codec/payload.ts";
import type { TaskCall } from "./define-task.ts";
import { newTaskId } from "./ids.ts";
import { applySchema } from "./schema.ts";
import { type EnqueueOptions, mergeOptions, type RetryOptions, type TaskOptions } from "./task-options.ts";

/** A task ready to be sent: its message, and an upper bound of the message's size. */
export type OutgoingTask = { readonly id: string; readonly task: NewTask; readonly bytesMax: number };

/** The task that a call asks for, its arguments checked; throws SchemaMismatchError, PayloadError, RangeError. */
export function outgoingTask(call: TaskCall): OutgoingTask | Promise<OutgoingTask> {
  const { task, args } = call;
  // Only checked: the schema's output is the worker's business, which gets what the producer gave and applies the schema itself.
  const checked = applySchema(task.argsSchema, args, { taskName: task.name, part: "args" });
  const finish = (): OutgoingTask => assemble(call, mergeOptions(task.optionsFor(args), call.options));
  return checked instanceof Promise ? checked.then(finish) : finish();
}

function assemble({ task, args }: TaskCall, options: EnqueueOptions): OutgoingTask {
  const id = options.id ?? newTaskId();
  const payload = payloadToProto(task.codec.encode(args));
  // A literal rather than `create`: this runs once a task, and no field is left out that has no presence.
  const message: NewTask = { $typeName: "stem.v1.NewTask", id, name: task.name, headers: {}, tags: [] };
  if (payload) message.args = payload;
  if (options.queue !== undefined) message.queue = options.queue;
  if (options.headers) message.headers = { ...options.headers };
  if (options.tags) message.tags = [...options.tags];
  if (options.trace) message.trace = create(TraceContextSchema, options.trace);
  const run = runOptions(options);
  if (run) message.options = run;
  return { id, task: message, bytesMax: envelopeBytesAtMost(message) + payloadBytesAtMost(payload) };
}

function runOptions(options: TaskOptions): ProtoOptions | undefined {
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

// Ids, names, options and framing stay far below this; headers and tags are counted.
const envelopeBytes = 1024;

function envelopeBytesAtMost(task: NewTask): number {
  let bytes = envelopeBytes;
  for (const [key, value] of Object.entries(task.headers)) bytes += (key.length + value.length) * 3 + 8;
  for (const tag of task.tags) bytes += tag.length * 3 + 4;
  return bytes;
}
