import type { Labels } from "../model/gate.ts";
import type { Namespace, QueueName } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Claimed } from "../ports/task-store.ts";
import type { Dispatch } from "./dispatch.ts";
import { type Lease, leaseOf } from "./lease.ts";
import type { Taker } from "./taker.ts";
import { sessionIdBytes } from "./token.ts";
import type { TokenKeys } from "./token-keys.ts";

/** What a worker without a stream wants. */
export type UnaryLease = {
  readonly namespace: Namespace;
  readonly queues: readonly QueueName[];
  readonly limit: number;
  readonly worker: string;
  /** What the caller is like; absent: nothing in particular. */
  readonly labels?: Labels | undefined;
  readonly waitMs: number;
};

/** What leasing without a stream needs. */
export type UnaryLeasingDeps = {
  readonly dispatch: Dispatch;
  readonly keys: TokenKeys;
  readonly clock: Clock;
  readonly random: Pick<Random, "bytes">;
};

/** Leases, and for how long the call had waited when they began: at least so long, so that who counts on it counts too early. */
export type UnaryLeased = { readonly leases: readonly Lease[]; readonly waitedMs: number };

/** Leases without a session's credit, waiting for the first task if asked to. DRAINING once the server drains. */
export type LeaseUnary = (want: UnaryLease, signal: AbortSignal) => Promise<UnaryLeased>;

/** Makes the part of the broker that leases without a stream. */
export function createUnaryLeasing({ dispatch, keys, clock, random }: UnaryLeasingDeps): LeaseUnary {
  return async (want, signal) => {
    if (dispatch.isDraining) throw new StemProblem({ reason: "DRAINING" });
    const { namespace, queues, worker, labels, limit } = want;
    const calledAt = clock.now();
    const taker = dispatch.join({ namespace, queues, worker, labels, room: () => limit });
    try {
      const claimed = await take(taker, want, signal);
      // A clock of whole milliseconds may make up one of them.
      const waitedMs = Math.max(0, (taker.claimBeganAt ?? calledAt) - calledAt - 1);
      if (claimed.length === 0) return { leases: [], waitedMs };
      // A session for each call, known to its tokens only: it has no book, because nobody would close it.
      const [seal] = keys.seals(namespace, random.bytes(sessionIdBytes));
      if (seal === undefined) throw new Error("there is no key for lease tokens");
      return { leases: claimed.map((task) => leaseOf(task, seal)), waitedMs };
    } finally {
      taker.leave();
    }
  };

  async function take(taker: Taker, want: UnaryLease, signal: AbortSignal): Promise<readonly Claimed[]> {
    const atOnce = await taker.claimNow(want.limit, signal);
    if (atOnce.length > 0 || want.waitMs <= 0) return atOnce;
    const over = new AbortController();
    const cancelTimer = clock.after(want.waitMs, () => over.abort());
    try {
      return await taker.next(want.limit, AbortSignal.any([signal, over.signal]));
    } finally {
      cancelTimer();
    }
  }
}
