import { type Clock, createSystemClock, systemRandom } from "../clock.ts";
import type { AcquireWish, LockCalls, LockStatus } from "../lock-calls.ts";
import { createLocks } from "../locks.ts";
import { StemProblem } from "../problem.ts";
import { createRetries } from "../retry.ts";

/** Locks that one process has for itself, as a server would give them: one holder a key, in order of arrival, rising fences. */
export function createFakeLocks(closing: AbortSignal): ReturnType<typeof createLocks> {
  const clock = createSystemClock();
  const retries = createRetries(false, { clock, random: systemRandom, closing });
  return createLocks({ calls: fakeLockCalls(clock), clock, retries, closing });
}

function fakeLockCalls(clock: Clock): LockCalls {
  const held = new Map<string, LockStatus>();
  /** Those who wait for a key, first come first; each is told when it may look again. */
  const lines = new Map<string, (() => void)[]>();
  let newestFence = 0n;

  function take({ key, owner, ttlMs }: AcquireWish): LockStatus | undefined {
    const holder = held.get(key);
    if (holder !== undefined) return holder.owner === owner ? holder : undefined;
    newestFence += 1n;
    const now = Date.now();
    const times = { acquiredAt: new Date(now), expiresAt: new Date(now + ttlMs) };
    const lock = { key, owner, fence: newestFence, ...times };
    held.set(key, lock);
    return lock;
  }

  /** Resolves when it is this caller's turn, or its patience is over. */
  function turn({ key, signal }: AcquireWish, leftMs: number): Promise<void> {
    return new Promise((resolve) => {
      const line = lines.get(key) ?? [];
      lines.set(key, line);
      const end = (): void => {
        cancel();
        signal.removeEventListener("abort", end);
        const place = line.indexOf(end);
        if (place >= 0) line.splice(place, 1);
        resolve();
      };
      const cancel = clock.after(leftMs, end);
      signal.addEventListener("abort", end);
      line.push(end);
    });
  }

  return {
    async acquire(wish) {
      const startedAt = clock.now();
      for (;;) {
        wish.signal.throwIfAborted();
        const lock = take(wish);
        const waitedMs = clock.now() - startedAt;
        if (lock !== undefined) return { fence: lock.fence, waitedMs };
        if (waitedMs >= wish.waitMs) throw heldProblem(wish.key, held.get(wish.key)?.owner ?? "");
        await turn(wish, wish.waitMs - waitedMs);
      }
    },
    renew: async () => undefined,
    async release({ key, owner, fence }) {
      const holder = held.get(key);
      if (holder?.owner !== owner || holder.fence !== fence) return;
      held.delete(key);
      lines.get(key)?.[0]?.();
    },
    get: async (key) => held.get(key),
    list: async () => ({
      locks: [...held.values()].sort((a, b) => (a.key < b.key ? -1 : 1)),
      nextPageToken: "",
    }),
  };
}

const heldProblem = (key: string, owner: string): StemProblem =>
  new StemProblem({
    reason: "LOCK_HELD",
    code: "FAILED_PRECONDITION",
    message: `LOCK_HELD: lock ${key} is held by ${owner}`,
    metadata: { key, owner },
    violations: [],
    retryAfterMs: undefined,
    outcome: "not_accepted",
  });
