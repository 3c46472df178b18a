/** How what the main thread may ask of the others crosses. */

import { type Coder, plain } from "../packets/coder.ts";

/** How one verb crosses. `items`: how much work a request is, for the size of a commit; one without. */
export type Verb<Q, A> = {
  readonly request: Coder<Q>;
  readonly answer: Coder<A>;
  readonly items?: (request: Q) => number;
};

/** The verbs of a thread: for each of its calls, how that crosses. */
export type VerbTable<S> = {
  readonly [V in keyof S]: S[V] extends (...request: infer Q) => infer A ? Verb<Q, A> : never;
};

/** The same calls, answered at once. */
export type Sync<T> = {
  [V in keyof T]: T[V] extends (...request: infer Q) => Promise<infer A> ? (...request: Q) => A : never;
};

/** Frames of the write-ahead log: all, and those that are in the data file already. */
export type Checkpointed = { readonly pages: number; readonly pagesCopied: number };

/** The file is open, or why not, in words for the operator. */
export type Opened = { readonly refused: string | undefined };

/** For questions and answers that are small and carry no bytes. */
export const small = <Q, A>(): Verb<Q, A> => ({ request: plain<Q>(), answer: plain<A>() });
