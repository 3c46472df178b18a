/**
 * Time and chance as the SDK and the worker see them: the only file of both packages that asks the machine for either. Tests hand in
 * their own.
 */

/** A clock that only measures: it never runs backwards, and its origin means nothing. */
export type Clock = {
  /** Milliseconds since some moment. */
  now(): number;
  /** Calls `run` once after at least `delayMs` (any length), unless cancelled first. Keeps the process alive until then, on all clocks but those for the background. */
  after(delayMs: number, run: () => void): CancelTimer;
};

/** Cancels a timer; does nothing when it has fired. */
export type CancelTimer = () => void;

/** A number in [0, 1). */
export type Random = () => number;

// Node fires a longer timer after 1 ms.
const timerMsMax = 2_147_483_647;

/** The machine's monotonic clock. `background`: its timers keep no process alive. */
export function createSystemClock({ background = false } = {}): Clock {
  return {
    now: () => performance.now(),
    after(delayMs, run) {
      let timer: NodeJS.Timeout;
      const wait = (restMs: number): void => {
        const stepMs = Math.min(restMs, timerMsMax);
        timer = setTimeout(() => (restMs > stepMs ? wait(restMs - stepMs) : run()), stepMs);
        if (background) timer.unref();
      };
      wait(Math.max(0, delayMs));
      return () => clearTimeout(timer);
    },
  };
}

/** The machine's chance. Spreads back-offs; never for secrets. */
export const systemRandom: Random = () => Math.random();

/** Calls `run` at the end of this turn of the event loop, so that what happens in one turn is handled in one go. */
export const atEndOfTurn = (run: () => void): void => {
  setImmediate(run);
};

/** Resolves after `delayMs`, or at once when `signal` aborts; never rejects. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signal?.addEventListener("abort", end, { once: true });
  });
}
