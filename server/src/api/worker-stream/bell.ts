/** Wakes all who wait for it. Whoever looks before waiting, with no turn in between, misses nothing. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring. */
  rung(): Promise<void>;
}

/** Makes a bell. */
export function createBell(): Bell {
  let waiting: PromiseWithResolvers<void> | undefined;
  return {
    ring() {
      waiting?.resolve();
      waiting = undefined;
    },
    rung() {
      waiting ??= Promise.withResolvers<void>();
      return waiting.promise;
    },
  };
}
