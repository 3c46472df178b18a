import { createLoop, type LoopDeps } from "./loop.ts";

/** How the server's time and the machine's wall clock stand to each other. */
export type ClockStatus = {
  /** How often the wall clock was put forward or back against the server's, or the machine slept. */
  readonly jumps: number;
  /** The last time: when it was seen, and how far it went; negative: back. */
  readonly last: { readonly at: number; readonly byMs: number } | undefined;
  /** How far the wall clock is ahead of the server's time. */
  readonly aheadMs: number;
};

/** A watch at work. */
export type ClockWatch = {
  status(): ClockStatus;
  stop(): Promise<void>;
};

/** What it needs: a clock, beside what the machine's wall clock shows, where there is one; and somewhere to say what it saw. */
export type ClockWatchDeps = {
  readonly clock: LoopDeps["clock"] & { wall?(): number };
  readonly log: LoopDeps["log"] & { warn(facts: object, text: string): void };
};

/** From this much on it is a jump; less is what two clocks do that run. */
const jumpMs = 1000;

const lookMs = 1000;

/**
 * Looks once a second whether the wall clock has jumped, and says so in the log. The server's time goes on evenly whatever the wall clock
 * does, so that no lease ends and nothing fires twice by a mistake of whoever sets it; somebody has to know of the difference.
 */
export function watchClock({ clock, log }: ClockWatchDeps): ClockWatch {
  const ahead = (): number => (clock.wall === undefined ? 0 : clock.wall() - clock.now());
  let known = ahead();
  let jumps = 0;
  let last: ClockStatus["last"];

  function look(): void {
    const aheadMs = ahead();
    const byMs = aheadMs - known;
    known = aheadMs;
    if (Math.abs(byMs) <= jumpMs) return;
    jumps += 1;
    last = { at: clock.now(), byMs };
    log.warn(
      { byMs, aheadMs },
      "the machine's clock has jumped, or the machine slept; the server goes on by its own time until it is started again",
    );
  }

  const loop = createLoop(
    { clock, log },
    {
      name: "clock-watch",
      runOnce: async () => {
        look();
        return lookMs;
      },
    },
  );
  loop.start();
  return { status: () => ({ jumps, last, aheadMs: ahead() }), stop: () => loop.stop() };
}
