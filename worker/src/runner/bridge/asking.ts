import { unpackError } from "./crossing-errors.ts";
import type { Answer, Question } from "./messages.ts";

/** How to ask. */
export type AskOptions = {
  /** Takes the question back when it aborts, and rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with what comes before the answer. */
  readonly onEvent?: ((value: unknown) => void) | undefined;
};

type Pending = {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onEvent: ((value: unknown) => void) | undefined;
};

/** The side of a bridge that asks. Whatever the other side throws rejects here; a question is never left without an answer. */
export class Asking {
  readonly #post: (question: Question) => void;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(post: (question: Question) => void) {
    this.#post = post;
  }

  /** Says something that needs no answer. */
  tell(call: string, args: readonly unknown[]): void {
    this.#post({ kind: "tell", call, args });
  }

  /** Asks, and resolves with the answer. */
  ask(call: string, args: readonly unknown[], { signal, onEvent }: AskOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      this.#lastId += 1;
      const id = this.#lastId;
      const onAbort = (): void => {
        this.#post({ kind: "abandon", id });
        this.#take(id)?.reject(signal?.reason);
      };
      const settled = <T>(end: (value: T) => void) => {
        return (value: T): void => {
          signal?.removeEventListener("abort", onAbort);
          end(value);
        };
      };
      this.#pending.set(id, { resolve: settled(resolve), reject: settled(reject), onEvent });
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#post({ kind: "ask", id, call, args });
    });
  }

  /** Asks for what comes one after the other, until the answer; whoever stops reading takes the question back. */
  async *pages(call: string, args: readonly unknown[], signal?: AbortSignal): AsyncGenerator<unknown> {
    const left = new AbortController();
    const queue: unknown[] = [];
    let wake = (): void => undefined;
    let isOver = false;
    const over = this.ask(call, args, {
      signal: signal ? AbortSignal.any([signal, left.signal]) : left.signal,
      onEvent(page) {
        queue.push(page);
        wake();
      },
    }).finally(() => {
      isOver = true;
      wake();
    });
    // Whoever reads on hears of it.
    over.catch(() => undefined);
    try {
      for (;;) {
        if (queue.length > 0) yield queue.shift();
        else if (isOver) return void (await over);
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      left.abort();
    }
  }

  /** Takes what the other side says. */
  receive(answer: Answer): void {
    if (answer.kind === "event") this.#event(answer.id, answer.value);
    else if (answer.kind === "answer") this.#take(answer.id)?.resolve(answer.value);
    else this.#take(answer.id)?.reject(unpackError(answer.error));
  }

  #event(id: number, value: unknown): void {
    try {
      this.#pending.get(id)?.onEvent?.(value);
    } catch (error) {
      this.#post({ kind: "abandon", id });
      this.#take(id)?.reject(error);
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}
