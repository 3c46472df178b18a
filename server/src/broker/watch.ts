/** Somebody who would take tasks of some queues, as the dispatch sees it. */
export type Waiter = {
  /** It sleeps, and would take tasks. */
  readonly isIdle: boolean;
  /** How many it would take. */
  readonly room: number;
  /** Makes it claim. It is not idle any more when this returns. */
  wake(): void;
};

/** A queue that somebody would take tasks from. */
export type Watch = {
  /**
   * How many ready tasks no claim has been begun for, as far as hints and claims tell; Infinity: nobody knows. Too high costs an empty
   * claim, too low the time until the next rescan.
   */
  supply: number;
  /** The number of its newest hint: a claim that began before says nothing about those tasks. */
  hintSeq: number;
  readonly waiters: Waiter[];
  /** Whose turn it is. */
  turn: number;
};

/** A watch of a queue that nobody has looked into yet. */
export const newWatch = (): Watch => ({
  supply: Number.POSITIVE_INFINITY,
  hintSeq: 0,
  waiters: [],
  turn: 0,
});

/** Wakes idle waiters in turn, no more than it takes to carry `count` tasks. Busy ones look when they come back. */
export function serve(watch: Watch, count: number): void {
  const { waiters } = watch;
  let left = count;
  for (let seen = 0; seen < waiters.length && left > 0; seen++) {
    const waiter = waiters[watch.turn % waiters.length];
    watch.turn = (watch.turn + 1) % waiters.length;
    if (!waiter?.isIdle) continue;
    left -= waiter.room;
    waiter.wake();
  }
}

/** Takes a waiter off a watch, and leaves the turn with whoever had it. */
export function unwatch(watch: Watch, waiter: Waiter): void {
  const at = watch.waiters.indexOf(waiter);
  if (at < 0) return;
  watch.waiters.splice(at, 1);
  if (at < watch.turn) watch.turn -= 1;
}
