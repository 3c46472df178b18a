import type { CancelTimer, Clock } from "@stem/sdk/internal";

/** When what was gathered goes on. */
export type GathererOptions = {
  /** As soon as there are so many. */
  readonly sizeMax: number;
  /** Or when the first has waited so long; undefined: not before there are enough. */
  readonly waitMs: number | undefined;
};

/** Gathers what comes one by one, and hands it on together. */
export class Gatherer<T> {
  readonly #clock: Clock;
  readonly #waitMs: number | undefined;
  readonly #run: (gathered: readonly T[]) => void;
  #sizeMax: number;
  #waiting: T[] = [];
  #cancelTimer: CancelTimer | undefined;

  constructor({ sizeMax, waitMs }: GathererOptions, clock: Clock, run: (gathered: readonly T[]) => void) {
    this.#sizeMax = sizeMax;
    this.#waitMs = waitMs;
    this.#clock = clock;
    this.#run = run;
  }

  /** Adds one. */
  add(one: T): void {
    this.#waiting.push(one);
    this.#plan();
  }

  /** Takes one out that still waits; false when it does not. */
  remove(one: T): boolean {
    const place = this.#waiting.indexOf(one);
    if (place >= 0) this.#waiting.splice(place, 1);
    return place >= 0;
  }

  /** One fewer will come than there were to be. */
  expectFewer(): void {
    this.#sizeMax -= 1;
    this.#plan();
  }

  #plan(): void {
    if (this.#waiting.length >= this.#sizeMax) this.#handOn();
    else if (this.#waitMs !== undefined)
      this.#cancelTimer ??= this.#clock.after(this.#waitMs, () => this.#handOn());
  }

  #handOn(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const gathered = this.#waiting.splice(0);
    if (gathered.length > 0) this.#run(gathered);
  }
}
