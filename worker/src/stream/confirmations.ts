import type { Clock } from "@stem/sdk/internal";

/** Who waits for the server to confirm the leases anew. */
export class Confirmations {
  readonly #clock: Clock;
  #waiting: { readonly askedAt: number; readonly resolve: () => void }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when a heartbeat that was sent from now on is answered, on whichever stream. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ askedAt: this.#clock.now(), resolve });
    });
  }

  /** A heartbeat sent at `sentAt` is answered. */
  answered(sentAt: number): void {
    const due = this.#waiting.filter(({ askedAt }) => askedAt <= sentAt);
    this.#waiting = this.#waiting.filter(({ askedAt }) => askedAt > sentAt);
    for (const { resolve } of due) resolve();
  }
}
