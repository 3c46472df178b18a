import { packError } from "./crossing-errors.ts";
import type { Answer, Question } from "./messages.ts";

/** Answers one call. */
export type Answerer = (args: readonly unknown[], how: AnswerHow) => unknown;

/** What an answerer may need besides its arguments: whether the question was taken back, and a way to say something before the answer. */
export type AnswerHow = { readonly signal: AbortSignal; readonly emit: (value: unknown) => void };

/** The calls that a side answers, by name. */
export type AnswerTable = Readonly<Record<string, Answerer>>;

/** The side of a bridge that answers. What an answerer throws, of whatever type, goes back to whoever asked. */
export class Answering {
  readonly #post: (answer: Answer) => void;
  readonly #table: AnswerTable;
  readonly #open = new Map<number, AbortController>();

  constructor(post: (answer: Answer) => void, table: AnswerTable) {
    this.#post = post;
    this.#table = table;
  }

  /** Takes a question. */
  receive(question: Question): void {
    if (question.kind === "abandon") this.#abandon(question.id);
    else if (question.kind === "ask") void this.#answer(question.id, question.call, question.args);
    // What needs no answer gets none, not even when it goes wrong.
    else void this.#answerTo(question.call, question.args, silent).catch(() => undefined);
  }

  /** Whoever asked is gone: takes back all that is open. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.#abandon(id);
  }

  async #answer(id: number, call: string, args: readonly unknown[]): Promise<void> {
    const controller = new AbortController();
    this.#open.set(id, controller);
    const emit = (value: unknown): void => {
      if (this.#open.has(id)) this.#post({ kind: "event", id, value });
    };
    const answer = await this.#answerTo(call, args, { signal: controller.signal, emit }).then(
      (value): Answer => ({ kind: "answer", id, value }),
      (error: unknown): Answer => ({ kind: "refusal", id, error: packError(error) }),
    );
    if (!this.#open.delete(id)) return;
    try {
      this.#post(answer);
    } catch (error) {
      // An answer that cannot cross over: whoever asked hears of that instead.
      this.#post({ kind: "refusal", id, error: packError(error) });
    }
  }

  async #answerTo(call: string, args: readonly unknown[], how: AnswerHow): Promise<unknown> {
    const answerer = this.#table[call];
    if (answerer === undefined) throw new Error(`nobody answers ${call}`);
    return answerer(args, how);
  }

  #abandon(id: number): void {
    this.#open.get(id)?.abort(new Error("the question was taken back"));
    this.#open.delete(id);
  }
}

const silent: AnswerHow = { signal: new AbortController().signal, emit: () => undefined };
