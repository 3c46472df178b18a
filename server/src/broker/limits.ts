import type { GateLimit, LimitRef } from "../model/gate.ts";
import type { Namespace, QueueRef } from "../model/ids.ts";
import type { Limits as Bounds } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import { throwRefusal } from "../model/refusal.ts";
import type { Clock } from "../ports/clock.ts";
import type { GateRef, GateStatus, GateStore, KeyWeight } from "../ports/gate-store.ts";
import type { PauseMore } from "./queues.ts";

/** What operators do to limits. */
export type LimitsPart = {
  /** Puts a limit in the place of the one for the same thing; it holds when this resolves. */
  putLimit(limit: Omit<GateLimit, "updatedAt">): Promise<GateStatus>;
  /** LIMIT_UNKNOWN when there is none. */
  getLimit(ref: LimitRef): Promise<GateStatus>;
  /** Limits of a namespace by kind and subject, after `after`. */
  listLimits(namespace: Namespace, after: LimitRef | undefined, limit: number): Promise<readonly GateLimit[]>;
  /** Stops handing out the tasks of a name or a key, whatever bounds they have; it holds when this resolves. */
  pauseTasks(ref: GateRef, reason: string, more?: PauseMore): Promise<GateStatus>;
  /** Hands them out again, as far as their bounds allow. */
  resumeTasks(ref: GateRef): Promise<void>;
  /** Takes a limit away; LIMIT_UNKNOWN when there is none. */
  deleteLimit(ref: LimitRef): Promise<void>;
  /** Sets how often a fairness key of a queue comes beside the others. */
  putWeight(ref: QueueRef, weight: KeyWeight): Promise<void>;
  /** The weights of a queue other than 1, by key, after `after`. */
  listWeights(ref: QueueRef, after: string | undefined, limit: number): Promise<readonly KeyWeight[]>;
};

/** What operating on limits needs. */
export type LimitsDeps = {
  readonly store: GateStore;
  readonly clock: Clock;
  readonly limits: Pick<Bounds, "gateLimitsPerNamespaceMax">;
};

/** Makes the part of the broker that keeps limits. What takes the store long is asked for in pieces. */
export function createLimits({ store, clock, limits }: LimitsDeps): LimitsPart {
  async function getLimit(ref: LimitRef): Promise<GateStatus> {
    const found = await store.getLimit(ref);
    if (found === undefined) throw unknown(ref);
    return found;
  }

  /** In as many pieces as that takes. */
  async function put(piece: () => Promise<"done" | "more" | "too_many">): Promise<void> {
    for (;;) {
      const answer = await piece();
      if (answer === "done") return;
      const limitsMax = limits.gateLimitsPerNamespaceMax;
      if (answer === "too_many") throw new StemProblem({ reason: "LIMIT_COUNT_REACHED", limitsMax });
    }
  }

  return {
    getLimit,
    listLimits: (namespace, after, limit) => store.listLimits(namespace, after, limit),
    async putLimit(limit) {
      await put(() => store.putLimit({ ...limit, updatedAt: clock.now() }));
      return getLimit(limit);
    },
    async pauseTasks(ref, reason, more = {}) {
      const pause = { ...more, reason, at: clock.now() };
      await put(() => store.setGatePause(ref, pause, clock.now()));
      return getLimit(ref);
    },
    resumeTasks: (ref) => put(() => store.setGatePause(ref, undefined, clock.now())),
    listWeights: (ref, after, limit) => store.listWeights(ref, after, limit),
    async putWeight(ref, weight) {
      throwRefusal(await store.putWeight(ref, weight, clock.now()), ref);
    },
    async deleteLimit(ref) {
      for (;;) {
        const answer = await store.deleteLimit(ref, clock.now());
        if (answer === "unknown") throw unknown(ref);
        if (answer === "done") return;
      }
    },
  };
}

const unknown = ({ kind, subject }: LimitRef): StemProblem =>
  new StemProblem({ reason: "LIMIT_UNKNOWN", limitKind: kind, subject });
