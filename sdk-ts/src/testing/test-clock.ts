import { atEndOfTurn, type Clock } from "../clock.ts";

/** A clock for servers and workers that stands still until the test moves it on. */
export type TestClock = Clock & {
  /** Epoch milliseconds. */
  now(): number;
  /** The same as a date, for `notBefore`. */
  date(): Date;
  /**
   * Moves on by `ms`: runs every timer at its time, in order, and lets what it started (frames between workers and a server in this
   * process included) come to rest before the next. Work outside the process, a disk or a socket, is not waited for.
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves on by `ms` in one step, as a machine that was asleep: what was due meanwhile runs late, and once. Quick over days; leases
   * that were out by then are over.
   */
  jump(ms: number): Promise<void>;
};

type Timer = { readonly at: number; readonly run: () => void };

/** Makes a clock. It begins with 2027 unless told otherwise; the machine's time means nothing to it. */
export function createTestClock(startAt: Date = new Date(defaultStart)): TestClock {
  const timers = new Set<Timer>();
  let now = startAt.getTime();
  /** How often anybody asked for the time or for a timer: a sign that something goes on. */
  let asked = 0;

  function earliest(end: number): Timer | undefined {
    let first: Timer | undefined;
    // Of one instant the timer that was set first: a set keeps the order.
    for (const timer of timers) if (timer.at <= end && (!first || timer.at < first.at)) first = timer;
    return first;
  }

  /** Lets everything run that waits for no timer and for nothing outside the process. */
  async function rest(): Promise<void> {
    let quiet = 0;
    for (let turn = 0; quiet < quietTurns && turn < turnsMax; turn += 1) {
      const before = asked;
      await new Promise<void>(atEndOfTurn);
      quiet = asked === before ? quiet + 1 : 0;
    }
  }

  async function runUntil(end: number): Promise<void> {
    await rest();
    for (let timer = earliest(end); timer !== undefined; timer = earliest(end)) {
      timers.delete(timer);
      now = Math.max(now, timer.at);
      timer.run();
      await rest();
    }
    now = end;
  }

  return {
    now() {
      asked += 1;
      return now;
    },
    date: () => new Date(now),
    after(delayMs, run) {
      asked += 1;
      const timer = { at: now + Math.max(0, delayMs), run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: async (ms) => runUntil(now + forward(ms)),
    async jump(ms) {
      now += forward(ms);
      await runUntil(now);
    },
  };
}

const defaultStart = "2027-01-15T08:00:00Z";

// Between two looks at the clock, a frame's way from a worker to a server of this process takes a turn or two of the event loop.
const quietTurns = 8;
// Whoever asks for the time without end is not waited for.
const turnsMax = 1000;

function forward(ms: number): number {
  if (ms >= 0) return ms;
  throw new RangeError(`a clock goes forward by a number of milliseconds; it is ${ms}`);
}
