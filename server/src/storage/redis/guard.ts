import { unavailable } from "./problems.ts";

/** Asks for calls only while there is somebody to ask, and waits for those under way at the end. */
export type Guard = {
  /** The same verbs, each refused while the store is away or closed. */
  wrap<Verbs extends object>(verbs: Verbs): Verbs;
  /** Whether the store is away: it comes back by itself, and is asked nothing until it has been taken over anew. */
  setAway(isAway: boolean): void;
  /** Refuses calls from here on, and waits for those under way. */
  close(): Promise<void>;
};

/** Makes one. */
export function createGuard(): Guard {
  const underWay = new Set<Promise<unknown>>();
  let isAway = false;
  let isClosed = false;

  function ask<T>(run: () => Promise<T>): Promise<T> {
    if (isAway || isClosed) return Promise.reject(unavailable());
    const running = run();
    underWay.add(running);
    const done = (): void => void underWay.delete(running);
    running.then(done, done);
    return running;
  }

  return {
    wrap: (verbs) =>
      Object.fromEntries(
        Object.entries(verbs).map(([name, verb]: [string, (...args: unknown[]) => Promise<unknown>]) => [
          name,
          (...args: unknown[]) => ask(() => verb(...args)),
        ]),
      ) as typeof verbs,
    setAway(away) {
      isAway = away;
    },
    async close() {
      isClosed = true;
      await Promise.allSettled(underWay);
    },
  };
}
