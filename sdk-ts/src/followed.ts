import { type Backoff, fullJitterMs } from "./backoff.ts";
import { type Clock, pause, type Random } from "./clock.ts";
import type { Logger } from "./log.ts";
import { isTransient, type StemProblem } from "./problem.ts";
import { problemFrom } from "./problem-from.ts";
import { ClientClosedError } from "./task-errors.ts";

/** What following a stream needs. */
export type FollowDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Aborts when the client closes. */
  readonly closing: AbortSignal;
};

/** A stream that can be opened again where it broke. `undefined`: from where the server says. */
export type Resumable<Page> = {
  readonly open: (from: bigint | undefined, signal: AbortSignal) => AsyncIterable<Page>;
  readonly from: bigint | undefined;
  /** Where to go on after a page. */
  readonly nextOf: (page: Page) => bigint;
  /** Whether nothing comes after a page. */
  readonly isLast: (page: Page) => boolean;
  /** Stops following when it aborts. */
  readonly signal: AbortSignal | undefined;
};

const reopen: Backoff = { baseDelayMs: 100, factor: 2, maxDelayMs: 10_000 };
/** A stream that ended by itself is not opened again sooner than this after it was opened. */
const turnMs = 1000;

/**
 * Follows a stream to its last page, over as many breaks as that takes: after each it goes on where it was. Throws what the server
 * refuses for good, the signal's reason, and ClientClosedError.
 */
export async function* followed<Page>(deps: FollowDeps, resumable: Resumable<Page>): AsyncGenerator<Page> {
  const { clock, random, log, closing } = deps;
  const { signal, nextOf, isLast } = resumable;
  const stop = signal === undefined ? closing : AbortSignal.any([signal, closing]);
  let { from } = resumable;
  let failures = 0;
  for (;;) {
    throwIfStopped(signal, closing);
    const openedAt = clock.now();
    const stream = new AbortController();
    try {
      for await (const page of resumable.open(from, AbortSignal.any([stop, stream.signal]))) {
        failures = 0;
        from = nextOf(page);
        yield page;
        throwIfStopped(signal, closing);
        if (isLast(page)) return;
      }
    } catch (error) {
      throwIfStopped(signal, closing);
      const problem = problemFrom(error);
      if (isForGood(problem)) throw problem;
      failures += 1;
      const delayMs = Math.max(fullJitterMs(reopen, failures, random), problem.retryAfterMs ?? 0);
      log.warn({ reason: problem.reason, delayMs }, "a watch was interrupted");
      await pause(clock, delayMs, stop);
      continue;
    } finally {
      // Whoever stops reading in the middle of it lets go of it.
      stream.abort();
    }
    // At the server's time-out, or far too early by some mistake, which must not become a tight loop.
    await pause(clock, Math.max(0, openedAt + turnMs - clock.now()), stop);
  }
}

const isForGood = (problem: StemProblem): boolean =>
  !isTransient(problem) && problem.retryAfterMs === undefined;

function throwIfStopped(signal: AbortSignal | undefined, closing: AbortSignal): void {
  signal?.throwIfAborted();
  if (closing.aborted) throw new ClientClosedError();
}
