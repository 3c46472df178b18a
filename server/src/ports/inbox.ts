/**
 * Tasks that were enqueued in a store behind the back of the servers, in users' own transactions. Same errors as TaskStore. A task may be
 * taken twice, where a server ended in between: whoever takes it enqueues it under its own id.
 */
export interface Inbox {
  /** Takes the first of those that wait; nobody else gets them for half a minute. */
  takeInbox(limit: number): Promise<readonly InboxTask[]>;
  /** Says what became of some of them. Those that came in go; so do, after a week, those that never may. */
  settleInbox(outcomes: readonly InboxOutcome[]): Promise<void>;
  /** Names the one who hears that some came. A hint, which may be lost. */
  onInbox(listener: () => void): void;
}

/** One of them; `text` is JSON of the task as the API has it. */
export type InboxTask = { readonly place: number; readonly namespace: string; readonly text: string };

/** What became of it. refused: it may come in later; or never. */
export type InboxOutcome = {
  readonly place: number;
  readonly kind: "came" | "refused" | "never";
  readonly why: string;
};
