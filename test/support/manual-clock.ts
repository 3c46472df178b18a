import { type Instant, instantOf, plus } from "../../server/src/model/ids.ts";
import type { Clock } from "../../server/src/ports/clock.ts";

/** A clock that stands still until it is told to go on. */
export type ManualClock = Clock & {
  /** Moves on by `ms`: runs every timer at its time, in order, and lets what it started come to rest before the next. */
  advance(ms: number): Promise<void>;
  /** Moves on by `ms` in one step, as after a suspended night: timers that were due meanwhile run late, and once. */
  jump(ms: number): Promise<void>;
  /** How many timers wait. */
  readonly timerCount: number;
};

type Timer = { readonly at: Instant; readonly run: () => void };

/** The clock of a test; it begins in 2027. */
export function createManualClock(startAt: number = 1_800_000_000_000): ManualClock {
  let now = instantOf(startAt);
  const timers = new Set<Timer>();

  function nextUntil(end: Instant): Timer | undefined {
    const due = [...timers].filter((timer) => timer.at <= end);
    // Timers of one instant run in the order in which they were set: a set keeps it, and the sort is stable.
    return due.sort((a, b) => a.at - b.at)[0];
  }

  async function advance(ms: number): Promise<void> {
    const end = plus(now, ms);
    await rest();
    for (let timer = nextUntil(end); timer !== undefined; timer = nextUntil(end)) {
      timers.delete(timer);
      now = timer.at > now ? timer.at : now;
      timer.run();
      await rest();
    }
    now = end;
    await rest();
  }

  return {
    now: () => now,
    after(delayMs, run) {
      const timer = { at: plus(now, delayMs), run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance,
    async jump(ms) {
      now = plus(now, ms);
      await advance(0);
    },
    get timerCount() {
      return timers.size;
    },
  };
}

/** Lets everything run that waits for no timer and no input. */
export const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
