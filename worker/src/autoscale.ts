import type { Logger } from "@stem/sdk";
import type { CancelTimer, Clock } from "@stem/sdk/internal";

/** When a worker runs more handlers at once, and when fewer. It begins with the most. */
export type AutoscaleOptions = {
  /** The fewest slots, from 1. Default 1. */
  readonly min?: number;
  /** The most slots, up to `concurrency`. Default: `concurrency`. */
  readonly max?: number;
  /** How many slots come at once. Default 1. */
  readonly upStep?: number;
  /** How many slots go at once. Default 1. */
  readonly downStep?: number;
  /** Slots come when so many ready tasks, or more, are there for each. Default 1. */
  readonly backlogPerSlot?: number;
  /** Slots go when nothing has been ready or running for so long. Default 30 s. */
  readonly idleMs?: number;
  /** How often to look. Default 2 s. */
  readonly tickMs?: number;
  /** The shortest time between two steps up. Default 5 s. */
  readonly upCooldownMs?: number;
  /** The shortest time between two steps down. Default 10 s. */
  readonly downCooldownMs?: number;
};

/** The options in force. */
export type ScaleRule = Required<AutoscaleOptions>;

/** The rule that options make; throws a RangeError that names the option. */
export function scaleRuleOf(options: AutoscaleOptions, concurrency: number): ScaleRule {
  const rule: ScaleRule = {
    ...{ min: 1, max: concurrency, upStep: 1, downStep: 1, backlogPerSlot: 1 },
    ...{ idleMs: 30_000, tickMs: 2000, upCooldownMs: 5000, downCooldownMs: 10_000 },
    ...options,
  };
  const check = (option: keyof ScaleRule, isRight: boolean, words: string): void => {
    if (!isRight) throw new RangeError(`autoscale.${option} must be ${words}; it is ${rule[option]}`);
  };
  check("max", isWhole(rule.max, 1) && rule.max <= concurrency, `a whole number from 1 to ${concurrency}`);
  check("min", isWhole(rule.min, 1) && rule.min <= rule.max, `a whole number from 1 to ${rule.max}`);
  check("upStep", isWhole(rule.upStep, 1), "a whole number, 1 or more");
  check("downStep", isWhole(rule.downStep, 1), "a whole number, 1 or more");
  check("backlogPerSlot", rule.backlogPerSlot > 0, "a number above 0");
  check("tickMs", rule.tickMs >= 100, "100 ms or more");
  for (const option of ["idleMs", "upCooldownMs", "downCooldownMs"] as const)
    check(option, rule[option] >= 0, "a number of milliseconds, 0 or more");
  return rule;
}

const isWhole = (value: number, min: number): boolean => Number.isInteger(value) && value >= min;

/** What was decided so far. */
export type ScaleState = {
  readonly slots: number;
  /** Since when nothing has been ready or running; undefined: something is. */
  readonly idleSince: number | undefined;
  readonly upAt: number;
  readonly downAt: number;
};

/** What is seen at a tick. */
export type ScaleView = { readonly backlog: number; readonly running: number; readonly now: number };

/** Decides how many slots there are from here on. */
export function scaled(state: ScaleState, { backlog, running, now }: ScaleView, rule: ScaleRule): ScaleState {
  const isIdle = backlog === 0 && running === 0;
  const idleSince = isIdle ? (state.idleSince ?? now) : undefined;
  const { slots } = state;
  if (backlog / slots >= rule.backlogPerSlot && slots < rule.max && now - state.upAt >= rule.upCooldownMs)
    return { ...state, idleSince, slots: Math.min(rule.max, slots + rule.upStep), upAt: now };
  const isLongIdle = idleSince !== undefined && now - idleSince >= rule.idleMs;
  if (isLongIdle && slots > rule.min && now - state.downAt >= rule.downCooldownMs)
    return { ...state, idleSince, slots: Math.max(rule.min, slots - rule.downStep), downAt: now };
  return { ...state, idleSince };
}

/** What an autoscaler looks at and acts on. */
export type AutoscalerDeps = {
  readonly rule: ScaleRule;
  readonly clock: Clock;
  readonly log: Logger;
  /** How many tasks are ready in the worker's queues; takes as long as it takes to be told. */
  readonly backlog: () => Promise<number>;
  readonly running: () => number;
  readonly resize: (slots: number) => void;
};

/** Looks every tick, and resizes. While nobody can say what is ready, nothing changes. */
export class Autoscaler {
  readonly #deps: AutoscalerDeps;
  #state: ScaleState;
  #isClosed = false;
  #cancelTick: CancelTimer | undefined;

  constructor(deps: AutoscalerDeps) {
    this.#deps = deps;
    const never = Number.NEGATIVE_INFINITY;
    this.#state = { slots: deps.rule.max, idleSince: undefined, upAt: never, downAt: never };
  }

  /** Begins to look. */
  start(): void {
    if (this.#isClosed || this.#cancelTick !== undefined) return;
    this.#cancelTick = this.#deps.clock.after(this.#deps.rule.tickMs, () => void this.#tick());
  }

  /** Looks no more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTick?.();
  }

  async #tick(): Promise<void> {
    const { running, rule, clock, log, resize } = this.#deps;
    const backlog = await this.#deps.backlog();
    if (this.#isClosed) return;
    const { slots } = this.#state;
    this.#state = scaled(this.#state, { backlog, running: running(), now: clock.now() }, rule);
    if (this.#state.slots !== slots) {
      log.info({ slots: this.#state.slots, backlog }, "slots changed");
      resize(this.#state.slots);
    }
    this.#cancelTick = undefined;
    this.start();
  }
}
