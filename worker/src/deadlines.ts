import type { CancelTimer, Clock } from "@stem/sdk/internal";
import type { HeldLease } from "./lease.ts";

/**
 * One timer for every deadline of every lease: it is set for the earliest, and looks at all of them when it fires. Leases are
 * confirmed far more often than they run out, so a timer for each would mostly be set and cancelled.
 */
export class Deadlines {
  readonly #leases: Iterable<HeldLease>;
  readonly #clock: Clock;
  readonly #onDue: (lease: HeldLease, now: number) => void;
  #armedFor = Number.POSITIVE_INFINITY;
  #cancel: CancelTimer | undefined;

  constructor(leases: Iterable<HeldLease>, clock: Clock, onDue: (lease: HeldLease, now: number) => void) {
    this.#leases = leases;
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Makes sure that the leases are looked at no later than `time`. */
  watch(time: number): void {
    if (time >= this.#armedFor) return;
    this.#cancel?.();
    this.#armedFor = time;
    this.#cancel = this.#clock.after(time - this.#clock.now(), () => this.#sweep());
  }

  /** Looks no more. */
  close(): void {
    this.#cancel?.();
    this.#armedFor = Number.NEGATIVE_INFINITY;
  }

  #sweep(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const lease of this.#leases) {
      if (lease.dueAt() <= now) this.#onDue(lease, now);
      next = Math.min(next, lease.dueAt());
    }
    // A timer may fire a little early; looking again in a millisecond is cheaper than being exact.
    this.watch(Math.max(next, now + 1));
  }
}
