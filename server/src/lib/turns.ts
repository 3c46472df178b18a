/** Runs what it is given when all that was given before has ended, whatever became of that. */
export type InTurn = <T>(change: () => Promise<T>) => Promise<T>;

/** Makes one: each change is decided by what the last one left. */
export function createTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (change) => {
    const turn = last.then(change);
    last = turn.catch(() => undefined);
    return turn;
  };
}
