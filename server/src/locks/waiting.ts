import type { Lock } from "../model/lock.ts";
import type { CancelTimer } from "../ports/clock.ts";
import type { AcquireLockVerdict, LockWish } from "../ports/lock-store.ts";

/** Somebody who waits for a lock. */
export type Waiter = {
  readonly who: Omit<LockWish, "now">;
  readonly done: PromiseWithResolvers<AcquireLockVerdict>;
  /** Whether it has its answer. */
  isOver: boolean;
};

/** Those who wait for one lock, first come first. */
export type Line = {
  readonly key: string;
  readonly waiting: Waiter[];
  /** Resolves when the store is not being asked any more; undefined while it is not. */
  asking: Promise<void> | undefined;
  /** Whether the lock was freed while the store was asked. */
  isFreed: boolean;
  /** Who had the lock when it was last looked at. */
  holder: Lock;
  cancelTimer: CancelTimer | undefined;
};

/** Makes an empty line for a lock that somebody has. */
export const newLine = (key: string, holder: Lock): Line => ({
  ...{ key, holder, waiting: [], asking: undefined, isFreed: false, cancelTimer: undefined },
});

/** Takes a waiter out of line; its answer is up to the caller. */
export function leave(line: Line, waiter: Waiter): Waiter["done"] {
  line.waiting.splice(line.waiting.indexOf(waiter), 1);
  waiter.isOver = true;
  return waiter.done;
}

/** Answers a waiter, and whoever stands in line for what the same owner has now: repeats of its call. */
export function grant(line: Line, waiter: Waiter, verdict: AcquireLockVerdict): void {
  leave(line, waiter).resolve(verdict);
  if (verdict.kind === "limit") return;
  const alike = line.waiting.filter(({ who }) => who.owner === waiter.who.owner);
  for (const each of alike) leave(line, each).resolve({ kind: "renewed", lock: verdict.lock });
}
