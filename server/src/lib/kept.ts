/** A value that comes from outside, such as from files, and is read again now and then. */
export interface Kept<T> {
  /** What was read last. */
  readonly current: T;
  /** Reads again; those who follow hear of a change. Rejects when it cannot be read: the current value then stays. */
  check(): Promise<void>;
  /** Calls `use` after each change. */
  follow(use: (value: T) => void): void;
}

/** Where a value comes from, and when two of it are one. */
export type KeptSource<T> = {
  readonly read: () => Promise<T>;
  readonly isSame: (one: T, other: T) => boolean;
};

/** Reads a value for the first time. Rejects when it cannot be read. */
export async function keep<T>({ read, isSame }: KeptSource<T>): Promise<Kept<T>> {
  let current = await read();
  const followers: ((value: T) => void)[] = [];
  return {
    get current() {
      return current;
    },
    async check() {
      const next = await read();
      if (isSame(current, next)) return;
      current = next;
      for (const use of followers) use(next);
    },
    follow: (use) => void followers.push(use),
  };
}
