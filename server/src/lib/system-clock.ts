/** What a clock offers; the Clock port has the same shape, and lib knows no ports. */
export type SystemClock<I extends number> = {
  now(): I;
  wall(): number;
  after(delayMs: number, run: () => void): () => void;
};

/** Node fires a timer of 2^31 ms and more at once, so long waits go in steps. */
const stepMsMax = 3_600_000;

/**
 * The clock of a real server: wall time read once, at its making, and counted on by the monotonic clock, so that it never runs
 * backwards. Whole milliseconds. A timer never fires early.
 */
export function createSystemClock<I extends number = number>(): SystemClock<I> {
  const anchor = Date.now() - performance.now();

  function after(delayMs: number, run: () => void): () => void {
    const due = performance.now() + delayMs;
    let timer = arm(delayMs);

    function arm(waitMs: number): NodeJS.Timeout {
      return setTimeout(check, Math.min(Math.max(waitMs, 0), stepMsMax)).unref();
    }
    function check(): void {
      const leftMs = due - performance.now();
      if (leftMs > 0) timer = arm(Math.ceil(leftMs));
      else run();
    }
    return () => clearTimeout(timer);
  }

  return { now: () => Math.floor(anchor + performance.now()) as I, wall: Date.now, after };
}
