/**
 * How a worker stops. warm: handlers end by themselves, however long it takes. soft: they are asked to, and have a grace. hard: what can
 * be ended is ended. In each, what is unfinished in the end goes back to its queue, free of charge; nothing is cancelled.
 */
export type StopMode = "warm" | "soft" | "hard";

/** How to stop. */
export type StopOptions = {
  /** Default warm. */
  readonly mode?: StopMode;
  /** warm: how long handlers may go on before they are asked to stop. soft: how long after. Default: the worker's. */
  readonly graceMs?: number;
};

/** The times that a worker's options set. */
export type StopTimes = {
  readonly graceMs: number;
  readonly softGraceMs: number;
  readonly abortGraceMs: number;
};

/** What a drain goes by. */
export type StopPlan = {
  /** How long handlers may go on before they are asked to stop. */
  readonly letMs: number;
  /** Aborts when they are asked sooner than that. */
  readonly ask: AbortSignal;
  /** How long they may go on once they were asked. */
  readonly askMs: () => number;
  /** Aborts when even that is cut short. */
  readonly force: AbortSignal;
};

const severity: Readonly<Record<StopMode, number>> = { warm: 0, soft: 1, hard: 2 };

/** One stop, from the first that asked for it; whoever asks again for a harder one hurries it, and nobody slows it down. */
export class Stopping {
  readonly #ask = new AbortController();
  readonly #force = new AbortController();
  readonly #times: StopTimes;
  readonly plan: StopPlan;
  #mode: StopMode;
  #askMs: number;

  constructor(options: StopOptions, times: StopTimes) {
    this.#times = times;
    const { mode = "warm", graceMs } = options;
    this.#mode = mode;
    this.#askMs = askMsOf(options, times);
    this.plan = {
      letMs: mode === "warm" ? (graceMs ?? times.graceMs) : 0,
      ask: this.#ask.signal,
      askMs: () => this.#askMs,
      force: this.#force.signal,
    };
    if (mode === "hard") this.#force.abort();
  }

  /** The hardest mode so far. */
  get mode(): StopMode {
    return this.#mode;
  }

  /** Somebody asks again. */
  hurry(options: StopOptions): void {
    const { mode = "warm", graceMs } = options;
    if (severity[mode] > severity[this.#mode]) {
      this.#mode = mode;
      this.#askMs = askMsOf(options, this.#times);
      this.#ask.abort();
      if (mode === "hard") this.#force.abort();
    } else if (mode === "warm" && graceMs !== undefined && graceMs < this.plan.letMs) this.#ask.abort();
  }
}

const askMsOf = ({ mode = "warm", graceMs }: StopOptions, times: StopTimes): number => {
  if (mode === "hard") return 0;
  return mode === "soft" ? (graceMs ?? times.softGraceMs) : times.abortGraceMs;
};
