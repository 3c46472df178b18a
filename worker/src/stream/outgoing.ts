import type { ConnectRequest } from "@stem/proto/stem/v1/worker_service_pb";
import { atEndOfTurn, frameIterator } from "@stem/sdk/internal";

/**
 * The worker's side of one stream, as the transport reads it. It pulls: a frame is made when the last one has left, out of all that
 * has come together until then, or by the end of the turn in which something did.
 */
export class Outgoing implements AsyncIterable<ConnectRequest> {
  readonly #next: () => ConnectRequest | undefined;
  #reader: ((result: IteratorResult<ConnectRequest>) => void) | undefined;
  #planned = false;
  #ended = false;

  constructor(next: () => ConnectRequest | undefined) {
    this.#next = next;
  }

  /** There may be something to send. */
  wake(): void {
    if (this.#planned || this.#reader === undefined) return;
    this.#planned = true;
    atEndOfTurn(() => {
      this.#planned = false;
      this.#deliver();
    });
  }

  /** The next frame is the last one. */
  endAfterNext(): void {
    this.#ended = true;
  }

  /** Nothing more is sent: our half of the stream closes. */
  end(): void {
    this.#ended = true;
    this.#reader?.({ done: true, value: undefined });
    this.#reader = undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<ConnectRequest> {
    return frameIterator({ next: () => this.#read(), end: () => this.end() });
  }

  #read(): Promise<IteratorResult<ConnectRequest>> {
    return new Promise((resolve) => {
      this.#reader = resolve;
      if (this.#ended) this.end();
      else this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#reader === undefined) return;
    const value = this.#next();
    if (value === undefined) return;
    const reader = this.#reader;
    this.#reader = undefined;
    reader({ done: false, value });
  }
}
