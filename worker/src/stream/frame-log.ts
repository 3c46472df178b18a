import type { ConnectRequest } from "@stem/proto/stem/v1/worker_service_pb";
import type { Clock } from "@stem/sdk/internal";

/** What a frame says. */
export type Frame = ConnectRequest["frame"];

/**
 * Numbers the frames of one stream, and remembers when each was sent: leases are counted from the sending of the frame that the
 * server names, so that a slow network shortens the worker's view of them and never lengthens it.
 */
export class FrameLog {
  readonly #clock: Clock;
  readonly #sentAt = new Map<number, number>();
  #last = 0;
  #oldest = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The number of the newest frame. */
  get last(): number {
    return this.#last;
  }

  /** Gives a frame its number; it counts as sent now, which is a little before it is. */
  number(frame: Frame): ConnectRequest {
    this.#last += 1;
    this.#sentAt.set(this.#last, this.#clock.now());
    return { $typeName: "stem.v1.ConnectRequest", frameSeq: BigInt(this.#last), frame };
  }

  /** When frame `echo` was sent. Forgets older ones: the server never goes back. A number that never was counts as the oldest known. */
  sentAt(echo: number): number {
    if (echo > this.#oldest && echo <= this.#last) {
      for (let seq = this.#oldest; seq < echo; seq += 1) this.#sentAt.delete(seq);
      this.#oldest = echo;
    }
    return this.#sentAt.get(this.#oldest) ?? Number.NEGATIVE_INFINITY;
  }
}
