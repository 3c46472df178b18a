/** Which of several servers of a store fires. It only spares work: a slot that two fire is fired once all the same. */

import { lockKeyOf, namespaceOf } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { LockStore } from "../ports/lock-store.ts";

/** Leads, or does not. */
export type Leader = {
  /** Whether this server leads now; asks for it where nobody does. */
  leads(): Promise<boolean>;
  /** Lets another one lead at once. */
  resign(): Promise<void>;
};

/** What leading needs. `owner`: no two servers have the same; `limits.beatLeaseMs` is how long it leads without asking again. */
export type LeaderDeps = {
  readonly store: Pick<LockStore, "acquireLock" | "releaseLock">;
  readonly clock: Clock;
  readonly owner: string;
  readonly limits: Pick<Limits, "beatLeaseMs">;
};

/** A leader asks again when so much of its lease is over. */
const renewAfterShare = 0.4;

/** No namespace of a user has such a name. */
const seat = { namespace: namespaceOf("#stem"), key: lockKeyOf("beat") };

/** Makes it. */
export function createLeader({ store, clock, owner, limits }: LeaderDeps): Leader {
  const { beatLeaseMs: leaseMs } = limits;
  let held: { readonly fence: number; readonly askAgainAt: number } | undefined;
  return {
    async leads() {
      const now = clock.now();
      if (held !== undefined && now < held.askAgainAt) return true;
      held = undefined;
      const verdict = await store.acquireLock({ ...seat, owner, ttlMs: leaseMs, now });
      // With no lock to be had, everybody leads: that costs work and nothing else.
      if (verdict.kind === "limit") return true;
      if (verdict.kind === "held") return false;
      held = { fence: verdict.lock.fence, askAgainAt: now + leaseMs * renewAfterShare };
      return true;
    },
    async resign() {
      if (held === undefined) return;
      await store.releaseLock({ ...seat, owner, fence: held.fence }, clock.now());
      held = undefined;
    },
  };
}
