import type { Clock } from "./clock.ts";
import { type HeldLock, RenewedLock } from "./held-lock.ts";
import { newTaskId } from "./ids.ts";
import type { AcquireWish, LockCalls, LockStatus } from "./lock-calls.ts";
import { problemFrom } from "./problem-from.ts";
import { type Retries, retried } from "./retry.ts";
import { ClientClosedError } from "./task-errors.ts";

/** How to take a lock. */
export type LockOptions = {
  /** How long the server keeps it for you without hearing of you. Default 30,000; 100 to 86,400,000. */
  readonly ttlMs?: number;
  /** How long to wait while another has it; any length, also Infinity. Default 0: not at all. */
  readonly waitMs?: number;
  /**
   * Who you are. Default: a new UUID, so that any two takers exclude each other. Whoever gives the same name shares the lock; give one
   * to find a lock of yours again after a restart.
   */
  readonly owner?: string;
  /** Stops waiting when it aborts, with its reason. A lock that is held already is not touched. */
  readonly signal?: AbortSignal;
};

/** Locks over all processes and languages that use the server. */
export interface Locks {
  /** Takes a lock, and renews it until it is released. Rejects with StemProblem LOCK_HELD when another has it at the end of the wait. */
  acquire(key: string, options?: LockOptions): Promise<HeldLock>;
  /**
   * Runs `run` while holding a lock, and releases it whatever comes of that. Its argument's `signal` aborts when the lock is lost: then
   * the answer rejects with LockLostError once `run` has ended, whatever it ended with.
   */
  withLock<T>(key: string, run: (lock: HeldLock) => T | Promise<T>, options?: LockOptions): Promise<T>;
  /** Who holds a lock; undefined while nobody does. */
  get(key: string): Promise<LockStatus | undefined>;
  /** All locks that are held, by key. */
  list(): AsyncIterable<LockStatus>;
}

/** What locks need of their client. */
export type LocksDeps = {
  readonly calls: LockCalls;
  readonly clock: Clock;
  readonly retries: Retries;
  readonly closing: AbortSignal;
};

type Taken = { readonly fence: bigint; readonly confirmedAt: number };

const defaultTtlMs = 30_000;
/** As long as the server lets a call wait; a longer wait is several calls. */
const callWaitMsMax = 20_000;

/** Makes the locks of a client; `close` releases what is still held. */
export function createLocks({
  calls,
  clock,
  retries,
  closing,
}: LocksDeps): Locks & { close(): Promise<void> } {
  const held = new Set<HeldLock>();

  function call<T>(once: () => Promise<T>): Promise<T> {
    if (closing.aborted) throw new ClientClosedError();
    return retried(retries, once);
  }

  async function acquire(key: string, options: LockOptions = {}): Promise<HeldLock> {
    const { ttlMs = defaultTtlMs, waitMs = 0, owner = newTaskId(), signal } = options;
    checkOptions({ ttlMs, waitMs });
    const giveUpAt = clock.now() + waitMs;
    for (;;) {
      const leftMs = Math.max(0, giveUpAt - clock.now());
      const wish = { key, owner, ttlMs, waitMs: Math.min(leftMs, callWaitMsMax), signal: ending(signal) };
      const taken = await take(wish, leftMs > callWaitMsMax);
      // It came too late for anybody to hold it.
      if (taken !== undefined && wish.signal.aborted)
        await calls.release({ key, owner, fence: taken.fence }).catch(() => undefined);
      if (closing.aborted) throw new ClientClosedError();
      signal?.throwIfAborted();
      if (taken === undefined) continue;
      const lock = new RenewedLock(
        { calls, clock, onEnd: (ended) => held.delete(ended) },
        { hold: { key, owner, fence: taken.fence }, ttlMs, confirmedAt: taken.confirmedAt },
      );
      held.add(lock);
      return lock;
    }
  }

  /** One call's worth of waiting; undefined when it was given up, or the lock is held and there is time for another. */
  async function take(wish: AcquireWish, mayGoOn: boolean): Promise<Taken | undefined> {
    try {
      return await call(() => tryOnce(wish));
    } catch (error) {
      if (mayGoOn && problemFrom(error).reason === "LOCK_HELD") return undefined;
      throw error;
    }
  }

  async function tryOnce(wish: AcquireWish): Promise<Taken | undefined> {
    const sentAt = clock.now();
    try {
      const { fence, waitedMs } = await calls.acquire(wish);
      return { fence, confirmedAt: sentAt + waitedMs };
    } catch (error) {
      // Not to be tried again.
      if (wish.signal.aborted) return undefined;
      throw error;
    }
  }

  const ending = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? closing : AbortSignal.any([signal, closing]);

  async function withLock<T>(
    key: string,
    run: (lock: HeldLock) => T | Promise<T>,
    options?: LockOptions,
  ): Promise<T> {
    const lock = await acquire(key, options);
    try {
      return await run(lock);
    } finally {
      await lock.release();
      lock.signal.throwIfAborted();
    }
  }

  async function* list(): AsyncIterable<LockStatus> {
    let pageToken = "";
    do {
      const page = await call(() => calls.list(pageToken));
      yield* page.locks;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  return {
    ...{ acquire, withLock, list },
    get: (key) => call(() => calls.get(key)),
    async close() {
      await Promise.all([...held].map((lock) => lock.release()));
    },
  };
}

function checkOptions({ ttlMs, waitMs }: { readonly ttlMs: number; readonly waitMs: number }): void {
  if (!(ttlMs > 0 && Number.isFinite(ttlMs)))
    throw new RangeError(`ttlMs must be a number of milliseconds, more than 0; it is ${ttlMs}`);
  if (!(waitMs >= 0))
    throw new RangeError(`waitMs must be a number of milliseconds, 0 or more; it is ${waitMs}`);
}
