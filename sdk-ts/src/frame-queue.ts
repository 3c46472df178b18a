import { frameIterator } from "./frame-reader.ts";

/** What goes out on a stream, as the transport reads it: in order, one at a time, until it ends. */
export class FrameQueue<Frame> implements AsyncIterable<Frame> {
  readonly #waiting: Frame[] = [];
  #reader: ((step: IteratorResult<Frame>) => void) | undefined;
  #ended = false;

  push(frame: Frame): void {
    if (this.#reader === undefined) this.#waiting.push(frame);
    else this.#answer({ done: false, value: frame });
  }

  /** Nothing more comes; what waits is still read. */
  end(): void {
    this.#ended = true;
    this.#answer({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): AsyncIterator<Frame> {
    return frameIterator({ next: () => this.#next(), end: () => this.end() });
  }

  #next(): Promise<IteratorResult<Frame>> {
    return new Promise((resolve) => {
      this.#reader = resolve;
      const frame = this.#waiting.shift();
      if (frame !== undefined) this.#answer({ done: false, value: frame });
      else if (this.#ended) this.end();
    });
  }

  #answer(step: IteratorResult<Frame>): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.(step);
  }
}
