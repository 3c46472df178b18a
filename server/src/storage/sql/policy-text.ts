import { defaults } from "../../model/limits.ts";
import type { RetryPolicy } from "../../model/retry.ts";
import type { TaskPolicy } from "../../model/task.ts";

/** As many different policies are remembered; more only cost the time to read them again. */
const rememberedMax = 1024;

const textOf = new WeakMap<TaskPolicy, string>();
const policyOf = new Map<string, TaskPolicy>();

/** A policy as a short text, the form in which it is kept. Equal policies have equal texts. */
export function policyText(policy: TaskPolicy): string {
  let text = textOf.get(policy);
  if (text === undefined) {
    text = write(policy);
    textOf.set(policy, text);
  }
  return text;
}

/** The policy of a text; the same object for the same text, most of the time. */
export function policyOfText(text: string): TaskPolicy {
  let policy = policyOf.get(text);
  if (policy === undefined) {
    policy = read(text);
    textOf.set(policy, text);
    if (policyOf.size >= rememberedMax) policyOf.clear();
    policyOf.set(text, policy);
  }
  return policy;
}

type Columns = readonly [
  maxAttempts: number,
  maxDeliveries: number,
  retentionMs: number,
  leaseMs: number | null,
  baseMs: number,
  factor: number,
  maxMs: number,
  jitter: 0 | 1,
  /** Left out where it is what it is unless somebody configures it: it is kept with every task. */
  deadLetterRetentionMs?: number,
  more?: More,
];

const { deadLetterRetentionMs: usualDeadLetterRetentionMs } = defaults;

/** What few policies say. */
type More = Pick<RetryPolicy, "delaysMs" | "retryFor" | "neverFor"> & Omit<TaskPolicy, keyof Usual>;

type Usual = Pick<
  TaskPolicy,
  "maxAttempts" | "maxDeliveries" | "retentionMs" | "deadLetterRetentionMs" | "leaseMs" | "retry"
>;

function write(policy: TaskPolicy): string {
  const { maxAttempts, maxDeliveries, retentionMs, leaseMs, retry, deadLetterRetentionMs, ...own } = policy;
  const columns: Columns = [
    maxAttempts,
    maxDeliveries,
    retentionMs,
    leaseMs ?? null,
    retry.baseMs,
    retry.factor,
    retry.maxMs,
    retry.jitter === "full" ? 1 : 0,
  ];
  const isUsual = deadLetterRetentionMs === usualDeadLetterRetentionMs;
  const { delaysMs, retryFor, neverFor } = retry;
  const more = { delaysMs, retryFor, neverFor, ...own };
  if (Object.values(more).some((value) => value !== undefined))
    return JSON.stringify([...columns, deadLetterRetentionMs, more]);
  return JSON.stringify(isUsual ? columns : [...columns, deadLetterRetentionMs]);
}

function read(text: string): TaskPolicy {
  const columns = JSON.parse(text) as Columns;
  const [maxAttempts, maxDeliveries, retentionMs, leaseMs, baseMs, factor, maxMs, jitter, ...rest] = columns;
  const [deadLetterRetentionMs = usualDeadLetterRetentionMs, more = {}] = rest;
  const { delaysMs, retryFor, neverFor, ...own } = more;
  const lists = {
    ...(delaysMs && { delaysMs }),
    ...(retryFor && { retryFor }),
    ...(neverFor && { neverFor }),
  };
  return {
    maxAttempts,
    maxDeliveries,
    retentionMs,
    deadLetterRetentionMs,
    leaseMs: leaseMs ?? undefined,
    retry: { baseMs, factor, maxMs, jitter: jitter === 1 ? "full" : "none", ...lists },
    ...own,
  };
}
