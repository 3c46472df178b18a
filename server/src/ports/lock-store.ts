import type { Instant, LockKey, LockRef, Namespace } from "../model/ids.ts";
import type { Lock } from "../model/lock.ts";

/**
 * Locks: at most one holder a key at any time, durably. A lock whose end has come is free, whether or not its row is still there. All
 * times are the caller's `now`, one clock. Same transactions, same errors as TaskStore.
 */
export interface LockStore {
  /**
   * Takes a lock that is free, with a fence above all that this key ever had. Its holder renews it instead, under its fence. "limit":
   * as many locks are held as may be (limits.locksMax), so a new one cannot be.
   */
  acquireLock(wish: LockWish): Promise<AcquireLockVerdict>;
  /**
   * Moves the end of a lock that is held by this owner under this fence to `ttlMs` from now, never backwards. Undefined, and nothing
   * changed, where it is not held so: also when it ended and nobody took it since.
   */
  renewLock(hold: LockHold, ttlMs: number, now: Instant): Promise<Lock | undefined>;
  /** Frees a lock that is held by this owner under this fence. False, and nothing changed, where it is not held so. */
  releaseLock(hold: LockHold, now: Instant): Promise<boolean>;
  /** The lock; undefined while nobody holds it. */
  getLock(ref: LockRef, now: Instant): Promise<Lock | undefined>;
  /** Locks of a namespace that are held, by key (code-unit order), after `after`. */
  listLocks(page: LockPage): Promise<readonly Lock[]>;
  /** Forgets up to `limit` locks whose end has come. Answers how many. Their keys' next fences are higher all the same. */
  pruneLocks(now: Instant, limit: number): Promise<number>;
}

/** Who wants which lock, and for how long. */
export type LockWish = LockRef & { readonly owner: string; readonly ttlMs: number; readonly now: Instant };

/** Who says to hold which lock. */
export type LockHold = LockRef & { readonly owner: string; readonly fence: number };

/** Which locks to list. */
export type LockPage = {
  readonly namespace: Namespace;
  readonly after: LockKey | undefined;
  readonly limit: number;
  readonly now: Instant;
};

/** What became of a wish. */
export type AcquireLockVerdict =
  | { readonly kind: "acquired" | "renewed"; readonly lock: Lock }
  | { readonly kind: "held"; readonly lock: Lock }
  | { readonly kind: "limit" };
