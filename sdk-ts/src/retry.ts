import { type Backoff, fullJitterMs } from "./backoff.ts";
import { type Clock, pause, type Random } from "./clock.ts";
import { isTransient, type StemProblem } from "./problem.ts";
import { problemFrom } from "./problem-from.ts";

/** How long a call is repeated whose outcome is unknown, or whose server is away; always with the same task ids. */
export type RetryPolicy = Partial<Backoff> & {
  /** When to give up, counted from the first try. Default 60 s, at most 1 h: ids are remembered for longer than that. */
  readonly horizonMs?: number;
};

const defaults: Required<RetryPolicy> = { baseDelayMs: 100, factor: 2, maxDelayMs: 5000, horizonMs: 60_000 };
const horizonMsMax = 3_600_000;

/** What repeating needs; `closing` ends the waits. */
export type RetryDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly closing: AbortSignal;
  /** Whether another server than the one that drains can be asked. Default: never. */
  readonly hasOther?: (() => boolean) | undefined;
};

/** Begins the tries of one call; each answers whether, and after how long, there is another. */
export type Retries = () => Tries;

/** The tries of one call. */
export type Tries = {
  /** Waits until it is time for another try; false when there is none. */
  again(problem: StemProblem): Promise<boolean>;
};

/** Checks a policy and turns it into tries; `false` means one try only. */
export function createRetries(policy: RetryPolicy | false, deps: RetryDeps): Retries {
  const backoff = { ...defaults, ...(policy === false ? { horizonMs: 0 } : policy) };
  checkPolicy(backoff);
  return () => {
    const startedAt = deps.clock.now();
    let tries = 0;
    return {
      async again(problem) {
        tries += 1;
        if (!isTransient(problem) || deps.closing.aborted) return false;
        const delayMs = Math.max(fullJitterMs(backoff, tries, deps.random), askedMs(problem, deps));
        if (deps.clock.now() - startedAt + delayMs >= backoff.horizonMs) return false;
        await pause(deps.clock, delayMs, deps.closing);
        return !deps.closing.aborted;
      },
    };
  };
}

/** How long the server wants to be left alone; one that drains says it of itself only. */
const askedMs = ({ reason, retryAfterMs = 0 }: StemProblem, { hasOther }: RetryDeps): number =>
  reason === "DRAINING" && hasOther?.() ? 0 : retryAfterMs;

function checkPolicy(policy: Required<RetryPolicy>): void {
  const bad = (field: keyof RetryPolicy, rule: string): never => {
    throw new RangeError(`publishRetry.${field} must be ${rule}; it is ${policy[field]}`);
  };
  if (!(policy.baseDelayMs > 0)) bad("baseDelayMs", "more than 0");
  if (!(policy.factor >= 1)) bad("factor", "1 or more");
  if (!(policy.maxDelayMs >= policy.baseDelayMs)) bad("maxDelayMs", "at least baseDelayMs");
  if (!(policy.horizonMs >= 0 && policy.horizonMs <= horizonMsMax)) bad("horizonMs", "between 0 and 1 h");
}

/** Runs an idempotent call, repeating it as the policy says; throws StemProblem. */
export async function retried<T>(retries: Retries, call: () => Promise<T>): Promise<T> {
  const tries = retries();
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const problem = problemFrom(error);
      if (!(await tries.again(problem))) throw problem;
    }
  }
}
