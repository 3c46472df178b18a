import type { Clock } from "@stem/sdk/internal";

/** Who waits for the server to confirm the leases anew. */
export class Confirmations {
  readonly #clock: Clock;
  #confirmedAt: number | undefined;
  #waiting: { readonly askedAt: number; readonly resolve: () => void }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long ago the newest heartbeat was sent that the server has answered; undefined: none was. */
  get sinceMs(): number | undefined {
    return this.#confirmedAt === undefined ? undefined : this.#clock.now() - this.#confirmedAt;
  }

  /** Resolves when a heartbeat that was sent from now on is answered, on whichever stream. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ askedAt: this.#clock.now(), resolve });
    });
  }

  /** A heartbeat sent at `sentAt` is answered. */
  answered(sentAt: number): void {
    this.#confirmedAt = sentAt;
    const due = this.#waiting.filter(({ askedAt }) => askedAt <= sentAt);
    this.#waiting = this.#waiting.filter(({ askedAt }) => askedAt > sentAt);
    for (const { resolve } of due) resolve();
  }
}
