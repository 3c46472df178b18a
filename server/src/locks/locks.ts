/**
 * Locks: one holder a key, kept in the store. This room knows who waits, and lets them have a lock in the order they came; who holds it
 * is decided by the store alone, in one transaction. Read on in line.ts.
 */

import type { LockKey, LockRef, Namespace } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { Lock } from "../model/lock.ts";
import { StemProblem } from "../model/problem.ts";
import type { Clock } from "../ports/clock.ts";
import type { AcquireLockVerdict, LockHold, LockStore, LockWish } from "../ports/lock-store.ts";
import type { Log } from "../ports/log.ts";
import { createLines, type Lines } from "./line.ts";

/** Who wants which lock, for how long, and how long they wait for it. */
export type AcquireRequest = LockRef & {
  readonly owner: string;
  readonly ttlMs: number;
  readonly waitMs: number;
};

/** A lock that is the caller's: `renewed` when it was before, `waitedMs` until it was given. */
export type Acquired = { readonly lock: Lock; readonly renewed: boolean; readonly waitedMs: number };

/** What the edge calls. */
export interface Locks {
  /**
   * Takes a lock, or renews it for its holder. Waits in line while another has it; LOCK_HELD when the wait is over, DRAINING when
   * `signal` ends it. CONCURRENCY_LIMIT_REACHED beyond locksMax or lockWaitersMax.
   */
  acquire(request: AcquireRequest, signal: AbortSignal): Promise<Acquired>;
  /** Moves its end; LOCK_LOST unless it is held so. */
  renew(hold: LockHold, ttlMs: number): Promise<Lock>;
  /** Frees it for the next in line; LOCK_LOST unless it is held so. */
  release(hold: LockHold): Promise<void>;
  /** Who holds it; undefined while nobody does. */
  get(ref: LockRef): Promise<Lock | undefined>;
  /** Locks of a namespace that are held, by key, after `after`. */
  list(namespace: Namespace, after: LockKey | undefined, limit: number): Promise<readonly Lock[]>;
}

/** What locks live on. */
export type LocksDeps = {
  readonly store: LockStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
};

/** Makes the locks of a server. */
export function createLocks(deps: LocksDeps): Locks {
  const { store, clock, log, limits } = deps;
  const lines = createLines({ store, clock, log, waitersMax: limits.lockWaitersMax });
  const seek = createSeek(deps, lines);

  return {
    async acquire({ waitMs, ...who }, signal) {
      const start = clock.now();
      const verdict = await seek(who, { waitMs, signal });
      switch (verdict.kind) {
        case "limit":
          throw new StemProblem({
            reason: "CONCURRENCY_LIMIT_REACHED",
            limit: "locksMax",
            max: limits.locksMax,
          });
        case "held":
          // The wait was cut short: the caller went, who hears nothing any more, or the server goes.
          if (waitMs > 0 && signal.aborted) throw new StemProblem({ reason: "DRAINING" });
          throw heldProblem(verdict.lock, clock.now());
        default: {
          const { lock, kind } = verdict;
          const waitedMs = kind === "acquired" ? lock.acquiredAt - start : 0;
          return { lock, renewed: kind === "renewed", waitedMs: Math.max(0, waitedMs) };
        }
      }
    },
    async renew(hold, ttlMs) {
      const lock = await store.renewLock(hold, ttlMs, clock.now());
      if (lock === undefined) throw lostProblem(hold, await store.getLock(hold, clock.now()));
      return lock;
    },
    async release(hold) {
      if (!(await store.releaseLock(hold, clock.now())))
        throw lostProblem(hold, await store.getLock(hold, clock.now()));
      lines.freed(hold);
    },
    get: (ref) => store.getLock(ref, clock.now()),
    list: (namespace, after, limit) => store.listLocks({ namespace, after, limit, now: clock.now() }),
  };
}

type Patience = { readonly waitMs: number; readonly signal: AbortSignal };

/** Makes the way to a lock: at once where nobody waits, else at the end of the line. */
function createSeek({ store, clock }: LocksDeps, lines: Lines) {
  return async (who: Omit<LockWish, "now">, patience: Patience): Promise<AcquireLockVerdict> => {
    const { waitMs } = patience;
    if (waitMs > 0 && lines.isWaitedFor(who)) {
      const holder = await store.getLock(who, clock.now());
      // A holder may come again while others wait, and would else wait for itself.
      if (holder !== undefined && holder.owner !== who.owner) return lines.wait(who, { ...patience, holder });
    }
    // What a line gives back is not to be taken for what this caller got.
    await lines.quiet(who);
    const verdict = await store.acquireLock({ ...who, now: clock.now() });
    return verdict.kind === "held" && waitMs > 0
      ? lines.wait(who, { ...patience, holder: verdict.lock })
      : verdict;
  };
}

const heldProblem = ({ key, owner, expiresAt }: Lock, now: number): StemProblem =>
  new StemProblem({ reason: "LOCK_HELD", key, owner, expiresInMs: Math.max(0, expiresAt - now) });

function lostProblem({ key, owner, fence }: LockHold, now: Lock | undefined): StemProblem {
  const lostReason =
    now === undefined
      ? "it ended, or was released"
      : now.owner === owner
        ? `this owner holds it under another fence than ${fence}`
        : `${now.owner} holds it`;
  return new StemProblem({ reason: "LOCK_LOST", key, lostReason });
}
