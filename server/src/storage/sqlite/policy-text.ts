import { defaults } from "../../model/limits.ts";
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
  /** What few policies say, each left out where it is as usual: a policy is kept with every task. */
  ...more: (number | More)[],
];

/** Of which more may come; a number is how long a dead letter is kept, unless somebody configures that. */
type More = Pick<TaskPolicy, "unique">;

const { deadLetterRetentionMs: usualDeadLetterRetentionMs } = defaults;

function write(policy: TaskPolicy): string {
  const { maxAttempts, maxDeliveries, retentionMs, leaseMs, retry, deadLetterRetentionMs, unique } = policy;
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
  if (isUsual && unique === undefined) return JSON.stringify(columns);
  return JSON.stringify([
    ...columns,
    ...(isUsual ? [] : [deadLetterRetentionMs]),
    ...(unique ? [{ unique }] : []),
  ]);
}

function read(text: string): TaskPolicy {
  const columns = JSON.parse(text) as Columns;
  const [maxAttempts, maxDeliveries, retentionMs, leaseMs, baseMs, factor, maxMs, jitter, ...rest] = columns;
  const deadLetterRetentionMs = rest.find((each) => typeof each === "number") ?? usualDeadLetterRetentionMs;
  const more = rest.find((each) => typeof each === "object");
  return {
    maxAttempts,
    maxDeliveries,
    retentionMs,
    deadLetterRetentionMs,
    leaseMs: leaseMs ?? undefined,
    retry: { baseMs, factor, maxMs, jitter: jitter === 1 ? "full" : "none" },
    ...more,
  };
}
