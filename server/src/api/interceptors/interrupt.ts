/**
 * Ends a call from aside: a deadline passed, the server closes. Whatever the handler is waiting for, the caller gets its answer now,
 * and the handler's signal aborts.
 */

import type { StemProblem } from "../../model/problem.ts";

/** Ends one call, at most once. */
export interface Interrupt {
  /** Aborts when the caller is gone or the call was interrupted; for the handler. */
  readonly signal: AbortSignal;
  /** Ends the call with a problem. */
  fire(problem: StemProblem): void;
  /** `work`, or the problem if that comes first. One at a time. */
  race<T>(work: Promise<T>): Promise<T>;
}

/** Makes an interrupt for a call whose caller `gone` tells about. */
export function createInterrupt(gone: AbortSignal): Interrupt {
  const controller = new AbortController();
  let fired: StemProblem | undefined;
  // One slot, not Promise.race: racing each message of a long stream against one promise would keep all of them in memory.
  let reject: ((problem: StemProblem) => void) | undefined;
  return {
    signal: AbortSignal.any([gone, controller.signal]),
    fire(problem) {
      if (fired) return;
      fired = problem;
      reject?.(problem);
      controller.abort(problem);
    },
    race: (work) =>
      new Promise((resolve, fail) => {
        reject = fail;
        if (fired) fail(fired);
        work.then(resolve, fail);
      }),
  };
}

/** The items of `source` until the interrupt fires; then its problem is thrown, and `source` is told to return. */
export async function* interruptible<T>(source: AsyncIterable<T>, interrupt: Interrupt): AsyncIterable<T> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await interrupt.race(iterator.next());
      if (step.done) return;
      yield step.value;
    }
  } finally {
    // Not awaited: a source that hangs, which is why it was interrupted, would hold the caller's answer back.
    iterator.return?.().catch(ignoreLateFailure);
  }
}

/** The call has had its answer; what a handler throws while it cleans up can change nothing. */
function ignoreLateFailure(): void {
  return;
}
