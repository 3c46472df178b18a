import type { Instant, LockKey, Namespace } from "./ids.ts";

/** A lock that is held: from `acquiredAt` until `expiresAt`, unless it is renewed or released. */
export type Lock = {
  readonly namespace: Namespace;
  readonly key: LockKey;
  /** Who holds it, as the holder called itself. */
  readonly owner: string;
  /** Rises with every new holder of the key, for ever: also after the lock ended and was forgotten. */
  readonly fence: number;
  readonly acquiredAt: Instant;
  readonly expiresAt: Instant;
};

/** The lowest fence of a store whose epoch this is: a thousand a millisecond are left to the epoch before, so none comes twice. */
export const firstLockFence = (epoch: number): number => epoch * 1000;
