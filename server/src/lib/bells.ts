/** Bells by key: who listens to what, and is called when it rings. Holds nothing for keys that nobody listens to. */
export type Bells = {
  /** Whether anybody listens to any. */
  readonly isHeard: boolean;
  /** Calls back at each ring of a key, until the answer is called. */
  listen(key: string, hear: () => void): () => void;
  ring(key: string): void;
};

/** Makes bells that nobody listens to. */
export function createBells(): Bells {
  const listeners = new Map<string, Set<() => void>>();
  return {
    get isHeard() {
      return listeners.size > 0;
    },
    listen(key, hear) {
      const some = listeners.get(key) ?? new Set();
      listeners.set(key, some.add(hear));
      return () => {
        some.delete(hear);
        if (some.size === 0) listeners.delete(key);
      };
    },
    ring(key) {
      for (const hear of listeners.get(key) ?? []) hear();
    },
  };
}
