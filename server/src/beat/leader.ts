/** Which of several servers of a store fires. It only spares work: a slot that two fire is fired once all the same. */

import { lockKeyOf, namespaceOf } from "../model/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { LockStore } from "../ports/lock-store.ts";

/** Leads, or does not. */
export type Leader = {
  /** Whether this server leads now; asks for it where nobody does. */
  leads(): Promise<boolean>;
  /** Lets another one lead at once. */
  resign(): Promise<void>;
};

/** What leading needs. `owner`: no two servers have the same. */
export type LeaderDeps = {
  readonly store: Pick<LockStore, "acquireLock" | "releaseLock">;
  readonly clock: Clock;
  readonly owner: string;
};

/** How long another one waits at most when a leader has died. */
const leaseMs = 5000;
/** A leader asks again when so much of its lease is over. */
const renewAfterMs = 2000;

/** No namespace of a user has such a name. */
const seat = { namespace: namespaceOf("#stem"), key: lockKeyOf("beat") };

/** Makes it. */
export function createLeader({ store, clock, owner }: LeaderDeps): Leader {
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
      held = { fence: verdict.lock.fence, askAgainAt: now + renewAfterMs };
      return true;
    },
    async resign() {
      if (held === undefined) return;
      await store.releaseLock({ ...seat, owner, fence: held.fence }, clock.now());
      held = undefined;
    },
  };
}
