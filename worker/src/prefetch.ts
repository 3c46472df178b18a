/**
 * How many tasks to hold ready beyond the free slots: as many as were started, at the pace of late, in `aheadMs`. With short tasks
 * that is two round trips to a busy server, so that one batch is on its way while another runs; with long ones it is none, so that
 * none waits here while another worker is idle.
 */
export class Prefetch {
  readonly #max: number;
  readonly #aheadMs: number;
  #windowStart = 0;
  #ended = 0;
  #perMs = 0;

  constructor(max: number, aheadMs = 40) {
    this.#max = max;
    this.#aheadMs = aheadMs;
  }

  /** Counts attempts that ended. */
  count(): void {
    this.#ended += 1;
  }

  /** The number to hold ready now. */
  target(now: number): number {
    const windowMs = now - this.#windowStart;
    if (windowMs >= this.#aheadMs) {
      this.#perMs = this.#ended / windowMs;
      this.#ended = 0;
      this.#windowStart = now;
    }
    return Math.min(this.#max, Math.floor(this.#perMs * this.#aheadMs));
  }
}
