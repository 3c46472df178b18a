/**
 * Fairness between the keys of a queue, by virtual time. Each task of a key gets a turn: behind the last one of its key, and not before
 * what the queue has come to. Tasks are granted by turn. So keys that wait alternate, whatever they have queued, in the proportion of
 * their weights; and whoever comes new comes next, without a claim on what was granted before.
 */

/** How far a task of weight 1 is behind the one before it. Whole numbers, so that no share is lost to rounding. */
const step = 1_000_000;

/** What is known of a key: its last turn, and its weight. */
export type KeyTurns = { readonly last: number; readonly weight: number };

/** The turn of the next task of a key, in a queue that has come to `now`, the highest turn that was granted. */
export const nextTurn = ({ last, weight }: KeyTurns, now: number): number =>
  Math.max(last, now) + Math.round(step / weight);
