import type { QueueBacklog } from "@stem/proto/stem/v1/worker_pb";
import type { Clock } from "@stem/sdk/internal";

/** Who waits for the answer to a heartbeat: that the leases are confirmed anew, or how much is ready. */
export class Confirmations {
  readonly #clock: Clock;
  #confirmedAt: number | undefined;
  #backlog: PromiseWithResolvers<number> | undefined;
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

  /** Resolves with how many tasks are ready in the worker's queues, once a heartbeat that asks for it is answered, on whichever stream. */
  backlog(): Promise<number> {
    this.#backlog ??= Promise.withResolvers();
    return this.#backlog.promise;
  }

  /** Whether the next heartbeat is to ask how much is ready. */
  get wantsBacklog(): boolean {
    return this.#backlog !== undefined;
  }

  /** A heartbeat sent at `sentAt` is answered; with how much is ready, if it asked. */
  answered(sentAt: number, backlogs: readonly QueueBacklog[]): void {
    this.#confirmedAt = sentAt;
    if (backlogs.length > 0) {
      this.#backlog?.resolve(backlogs.reduce((sum, { ready }) => sum + Number(ready), 0));
      this.#backlog = undefined;
    }
    const due = this.#waiting.filter(({ askedAt }) => askedAt <= sentAt);
    this.#waiting = this.#waiting.filter(({ askedAt }) => askedAt > sentAt);
    for (const { resolve } of due) resolve();
  }
}
