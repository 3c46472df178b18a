import { type Duration, durationMs, type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { KeepNewest } from "@stem/proto/stem/v1/retention_pb";
import { Jitter, type RetryPolicy } from "@stem/proto/stem/v1/retry_pb";
import { AckMode, type TaskOptions as ProtoOptions } from "@stem/proto/stem/v1/task_pb";
import {
  type UniqueOptions as ProtoUnique,
  UniqueConflict,
  UniqueUntil,
} from "@stem/proto/stem/v1/unique_pb";
import type { RetryOptions, TaskOptions, UniqueOptions } from "./task-options.ts";
import { stateFromProto } from "./task-state.ts";

/** The options that a message says: what run-options.ts makes of options, turned round. What is not said is left out. */
export const optionsFromProto = (run: ProtoOptions): TaskOptions =>
  said({
    ...{ priority: run.priority, maxAttempts: run.maxAttempts, maxDeliveries: run.maxDeliveries },
    retry: run.retry && retryOptions(run.retry),
    ...startOf(run.start),
    timeLimitMs: ms(run.timeLimit),
    softTimeLimitMs: ms(run.softTimeLimit),
    ...expiryOf(run.expiry),
    startWithinMs: ms(run.startWithin),
    ack: run.ack === undefined ? undefined : acks[run.ack],
    ignoreResult: run.ignoreResult,
    leaseMs: ms(run.leaseDuration),
    resultRetentionMs: ms(run.resultRetention),
    keepNewest: run.keepNewest && keepNewest(run.keepNewest),
    unique: run.unique && uniqueOptions(run.unique),
    ...{ limitKey: run.limitKey, orderingKey: run.orderingKey, fairnessKey: run.fairnessKey },
    requiredLabels: Object.keys(run.requiredLabels).length === 0 ? undefined : { ...run.requiredLabels },
  });

const acks: Readonly<Record<number, TaskOptions["ack"]>> = {
  [AckMode.LATE]: "late",
  [AckMode.EARLY]: "early",
};

function startOf({ case: kind, value }: ProtoOptions["start"]): Pick<Sayable, "delayMs" | "notBefore"> {
  return kind === "delay" ? { delayMs: ms(value) } : { notBefore: kind && date(value) };
}

function expiryOf({
  case: kind,
  value,
}: ProtoOptions["expiry"]): Pick<Sayable, "expireAfterMs" | "expireAt"> {
  return kind === "expireAfter" ? { expireAfterMs: ms(value) } : { expireAt: kind && date(value) };
}

function retryOptions(retry: RetryPolicy): RetryOptions {
  const jitters: Readonly<Record<number, RetryOptions["jitter"]>> = {
    [Jitter.FULL]: "full",
    [Jitter.NONE]: "none",
  };
  return said({
    baseDelayMs: ms(retry.baseDelay),
    factor: retry.factor,
    maxDelayMs: ms(retry.maxDelay),
    jitter: jitters[retry.jitter],
    delaysMs: some(retry.delays.map((delay) => durationMs(delay))),
    ...{ retryFor: some(retry.retryFor), neverFor: some(retry.neverFor) },
  });
}

const keepNewest = ({ count, bytes }: KeepNewest): NonNullable<TaskOptions["keepNewest"]> =>
  said({
    count: count === undefined ? undefined : Number(count),
    bytes: bytes === undefined ? undefined : Number(bytes),
  });

function uniqueOptions({ by, until, onConflict, debounce, ...unique }: ProtoUnique): boolean | UniqueOptions {
  if (by.case === "none") return false;
  return said({
    key: by.case === "key" ? by.value : undefined,
    argPaths: by.case === "argPaths" ? by.value.paths : undefined,
    states: some(unique.states.flatMap((state) => stateFromProto(state) ?? [])),
    until: untils[until],
    ...{ uniqueForMs: ms(unique.uniqueFor), windowMs: ms(unique.window), onConflict: conflicts[onConflict] },
    debounce: debounce && said({ delayMs: ms(debounce.delay) ?? 0, maxWaitMs: ms(debounce.maxWait) }),
  });
}

const untils: Readonly<Record<number, UniqueOptions["until"]>> = {
  [UniqueUntil.STARTED]: "started",
  [UniqueUntil.ENDED]: "ended",
};
const conflicts: Readonly<Record<number, UniqueOptions["onConflict"]>> = {
  [UniqueConflict.RETURN_EXISTING]: "return",
  [UniqueConflict.REJECT]: "reject",
  [UniqueConflict.REPLACE]: "replace",
};

type Sayable = { [K in keyof TaskOptions]?: TaskOptions[K] | undefined };
type Said<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

const said = <T extends object>(options: T): Said<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Said<T>;
const some = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list);
const ms = (duration: Duration | undefined): number | undefined => duration && durationMs(duration);
const date = (time: Timestamp | undefined): Date | undefined => time && timestampDate(time);
