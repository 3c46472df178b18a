import type { LockRef } from "../model/ids.ts";
import type { Lock } from "../model/lock.ts";
import { StemProblem } from "../model/problem.ts";
import type { Clock } from "../ports/clock.ts";
import type { AcquireLockVerdict, LockStore, LockWish } from "../ports/lock-store.ts";
import type { Log } from "../ports/log.ts";
import { createServeLine } from "./serve-line.ts";
import { type Line, leave, newLine, type Waiter } from "./waiting.ts";

/** Those who wait for locks, in a line for each key. */
export type Lines = {
  /** Whether somebody waits for this lock. */
  isWaitedFor(ref: LockRef): boolean;
  /** Resolves when the store is not being asked for this lock on behalf of a line. */
  quiet(ref: LockRef): Promise<void>;
  /** Waits at the end of the line: the lock, or who has it when the wait is over. */
  wait(who: Omit<LockWish, "now">, patience: LinePatience): Promise<AcquireLockVerdict>;
  /** The lock was released just now; a hint. */
  freed(ref: LockRef): void;
};

/** How long somebody waits, and who has the lock meanwhile. */
export type LinePatience = { readonly waitMs: number; readonly signal: AbortSignal; readonly holder: Lock };

/** What lines need. */
export type LinesDeps = {
  readonly store: Pick<LockStore, "acquireLock" | "releaseLock" | "getLock">;
  readonly clock: Clock;
  readonly log: Log;
  readonly waitersMax: number;
};

/** Makes the lines of a server, all empty. */
export function createLines({ store, clock, log, waitersMax: max }: LinesDeps): Lines {
  const lines = new Map<string, Line>();
  let waiters = 0;
  const serve = createServeLine({ store, clock, log, onEmpty: (line) => lines.delete(line.key) });

  function join(who: Waiter["who"], holder: Lock): { readonly line: Line; readonly waiter: Waiter } {
    const key = keyOf(who);
    const waiter: Waiter = { who, done: Promise.withResolvers(), isOver: false };
    const line = lines.get(key) ?? newLine(key, holder);
    lines.set(key, line);
    line.waiting.push(waiter);
    // The lock may have been freed since it was seen to be held.
    if (line.waiting.length === 1) serve(line);
    return { line, waiter };
  }

  /** Ends a wait without the lock; says who has it. */
  async function giveUp(line: Line, waiter: Waiter): Promise<void> {
    if (waiter.isOver) return;
    const done = leave(line, waiter);
    if (line.waiting.length === 0 && line.asking === undefined) {
      line.cancelTimer?.();
      lines.delete(line.key);
    }
    try {
      done.resolve({ kind: "held", lock: (await store.getLock(waiter.who, clock.now())) ?? line.holder });
    } catch (error) {
      done.reject(error);
    }
  }

  return {
    isWaitedFor: (ref) => (lines.get(keyOf(ref))?.waiting.length ?? 0) > 0,
    async quiet(ref) {
      for (let at = lines.get(keyOf(ref)); at?.asking !== undefined; at = lines.get(keyOf(ref)))
        await at.asking;
    },
    async wait(who, { waitMs, signal, holder }) {
      if (waiters >= max)
        throw new StemProblem({ reason: "CONCURRENCY_LIMIT_REACHED", limit: "lockWaitersMax", max });
      waiters += 1;
      const { line, waiter } = join(who, holder);
      const end = (): void => void giveUp(line, waiter);
      const cancelTimer = clock.after(waitMs, end);
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
      try {
        return await waiter.done.promise;
      } finally {
        waiters -= 1;
        cancelTimer();
        signal.removeEventListener("abort", end);
      }
    },
    freed(ref) {
      const line = lines.get(keyOf(ref));
      if (line !== undefined) serve(line);
    },
  };
}

// Neither a namespace nor a key has a space in it.
const keyOf = ({ namespace, key }: LockRef): string => `${namespace} ${key}`;
