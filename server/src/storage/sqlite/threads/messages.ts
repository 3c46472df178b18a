import type { GateNews } from "../../../ports/gate-store.ts";
import type { Fault } from "../problems.ts";

/** A call on its way to a thread, in a message with all others of its turn. `items` says how much work it is. */
export type Request = {
  readonly id: number;
  readonly verb: string;
  readonly data: unknown;
  readonly items: number;
};

/** What became of one call. `text` is for the log of the server. */
export type Reply =
  | { readonly id: number; readonly data: unknown }
  | { readonly id: number; readonly fault: Fault; readonly text: string };

/** Replies of one commit, all at once. */
export type Replies = {
  readonly replies: readonly Reply[];
  /** How long the write-ahead log is, in pages; undefined where it cannot have grown. */
  readonly walPages: number | undefined;
  /** What gates did; undefined: nothing. */
  readonly gateNews: GateNews | undefined;
};
