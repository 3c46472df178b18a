/** What a loop needs from outside: time, and somewhere to say what went wrong. Clock and Log fit. */
export type LoopDeps = {
  readonly clock: { now(): number; after(delayMs: number, run: () => void): () => void };
  readonly log: { error(facts: object, text: string): void };
};

/** What a loop does, and how it is called in the log. */
export type LoopOptions = {
  readonly name: string;
  /** One round; answers how long to wait before the next, in milliseconds. */
  readonly runOnce: () => Promise<number>;
  /** The wait after a round that failed. Default 1,000. */
  readonly retryMs?: number;
};

/** A round that is repeated until it is stopped. A failing round is logged and tried again: it never ends the loop. */
export type Loop = {
  /** Begins with a first round at once. Does nothing when it was begun or stopped before. */
  start(): void;
  /** Ends the loop for good, and resolves when the round under way is over. May be called at any time, and again. */
  stop(): Promise<void>;
  /** The next round begins no later than `delayMs` from now. Does nothing unless the loop runs. */
  hurry(delayMs: number): void;
};

/** Makes a loop that does not run yet. */
export function createLoop({ clock, log }: LoopDeps, options: LoopOptions): Loop {
  const { name, runOnce, retryMs = 1000 } = options;
  let life: "new" | "begun" | "stopped" = "new";
  let round: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;
  let dueAt = Number.POSITIVE_INFINITY;

  function arm(at: number): void {
    cancelTimer?.();
    dueAt = at;
    cancelTimer = clock.after(Math.max(0, at - clock.now()), () => {
      round = run();
    });
  }

  async function run(): Promise<void> {
    // Whoever hurries the loop while a round is under way means the next one.
    dueAt = Number.POSITIVE_INFINITY;
    const delayMs = await attempt();
    round = undefined;
    if (life === "begun") arm(Math.min(dueAt, clock.now() + delayMs));
  }

  async function attempt(): Promise<number> {
    try {
      return await runOnce();
    } catch (error) {
      log.error({ err: error, loop: name, retryMs }, "a round failed; trying again");
      return retryMs;
    }
  }

  return {
    start() {
      if (life !== "new") return;
      life = "begun";
      arm(clock.now());
    },
    async stop() {
      life = "stopped";
      cancelTimer?.();
      await round;
    },
    hurry(delayMs) {
      const at = clock.now() + delayMs;
      if (life !== "begun" || at >= dueAt) return;
      if (round === undefined) arm(at);
      else dueAt = at;
    },
  };
}
