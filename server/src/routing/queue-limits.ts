/**
 * The limits that a namespace's rules say of its queues, put into the store and taken away again. The names of the queues that have
 * theirs from the rules are kept beside the text: before anything is put those of all that are concerned, after it those that the rules
 * say. So what breaks off half-way is found by whoever applies next, and that finishes it.
 */

import { areSameBounds, type GateLimit, type LimitRef } from "../model/gate.ts";
import type { Bytes, Namespace, QueueName } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import type { Store } from "../ports/store.ts";
import { limitedKeyOf, readLimited, writeLimited } from "./kept-routing.ts";
import type { QueueLimits } from "./table.ts";

/** Limits as the broker keeps them. Each holds, or is gone, when its verb resolves. */
export type LimitVerbs = {
  listLimits(namespace: Namespace, after: LimitRef | undefined, limit: number): Promise<readonly GateLimit[]>;
  putLimit(limit: Omit<GateLimit, "updatedAt">): Promise<unknown>;
  /** LIMIT_UNKNOWN when there is none. */
  deleteLimit(ref: LimitRef): Promise<void>;
};

/** What this needs. */
export type QueueLimitsDeps = {
  readonly store: Pick<Store, "getMeta" | "swapMeta" | "putMeta">;
  readonly limitVerbs: LimitVerbs;
  readonly limits: Pick<Limits, "gateLimitsPerNamespaceMax">;
};

/** What the rules in force say. */
export type RuledLimits = {
  /** As far as this server knows; the same value as long as the rules are the same. */
  readonly current: () => QueueLimits;
  /** Looks what the store has by now. */
  readonly reread: () => Promise<unknown>;
};

/** Keeps the store's limits as rules say them. */
export type LimitKeeping = {
  /**
   * Makes the limits of a namespace what its rules say; those that operators put on other queues stay. Idempotent. Where others do the
   * same with an older or newer text, the last one to write finds the text in force, and its limits hold. LIMIT_COUNT_REACHED.
   */
  apply(namespace: Namespace, ruled: RuledLimits): Promise<void>;
  /** LIMIT_COUNT_REACHED where a namespace would have too many with these in place of those that it has from its rules. */
  checkRoom(namespace: Namespace, wanted: QueueLimits): Promise<void>;
  /** Forgets which queues have theirs from the rules. */
  forget(namespace: Namespace): Promise<void>;
};

const pageSize = 1000;
/** Whoever loses against others so often comes again later. */
const roundsMax = 100;

/** Makes it. */
export function createLimitKeeping({ store, limitVerbs, limits }: QueueLimitsDeps): LimitKeeping {
  async function* limitsOf(namespace: Namespace): AsyncGenerator<GateLimit> {
    for (let after: LimitRef | undefined; ; ) {
      const page = await limitVerbs.listLimits(namespace, after, pageSize);
      yield* page;
      after = page.at(-1);
      if (page.length < pageSize) return;
    }
  }

  /** Those of queues, which come first. */
  async function queueLimitsOf(namespace: Namespace): Promise<Map<string, GateLimit>> {
    const found = new Map<string, GateLimit>();
    for await (const limit of limitsOf(namespace)) {
      if (limit.kind !== "queue") break;
      found.set(limit.subject, limit);
    }
    return found;
  }

  async function swap(namespace: Namespace, before: Bytes | undefined, value: Bytes): Promise<boolean> {
    return areEqual(await store.swapMeta(limitedKeyOf(namespace), before, value), value);
  }

  /** `put`: what was put so far in this go, also by a text that is replaced by now. "again": another server was faster. */
  async function applyOnce(
    namespace: Namespace,
    wanted: QueueLimits,
    put: Set<QueueName>,
  ): Promise<"nothing" | "written" | "again"> {
    const kept = await store.getMeta(limitedKeyOf(namespace));
    const remembered = readLimited(kept);
    const concerned = remembered.union(put).union(wanted);
    if (concerned.size === 0) return "nothing";
    const there = await queueLimitsOf(namespace);
    const gone = [...concerned].filter((queue) => !wanted.has(queue) && there.has(queue));
    const others = [...wanted].filter(([queue, bounds]) => {
      const found = there.get(queue);
      return found === undefined || !areSameBounds(found, bounds);
    });
    const exact = writeLimited(wanted.keys());
    if (gone.length === 0 && others.length === 0 && areEqual(kept, exact)) return "nothing";
    const all = writeLimited(concerned);
    if (!areEqual(kept, all) && !(await swap(namespace, kept, all))) return "again";
    // First what makes room.
    for (const queue of gone) await unlessUnknown(limitVerbs.deleteLimit(refOf(namespace, queue)));
    for (const [queue, bounds] of others) {
      put.add(queue);
      await unlessUnknown(limitVerbs.putLimit({ ...refOf(namespace, queue), ...bounds }));
    }
    return (await swap(namespace, all, exact)) ? "written" : "again";
  }

  return {
    async apply(namespace, { current, reread }) {
      const put = new Set<QueueName>();
      for (let round = 0; round < roundsMax; round += 1) {
        const wanted = current();
        const outcome = await applyOnce(namespace, wanted, put);
        if (outcome === "nothing") return;
        await reread();
        if (outcome === "written" && current() === wanted) return;
      }
      throw new StemProblem({ reason: "STORE_UNAVAILABLE" });
    },
    async checkRoom(namespace, wanted) {
      if (wanted.size === 0) return;
      const remembered = readLimited(await store.getMeta(limitedKeyOf(namespace)));
      const fresh = new Set<string>(wanted.keys());
      let count = wanted.size;
      for await (const { kind, subject } of limitsOf(namespace)) {
        const isOfQueue = kind === "queue";
        if (isOfQueue) fresh.delete(subject);
        if (!isOfQueue || !(wanted.has(subject as QueueName) || remembered.has(subject as QueueName)))
          count += 1;
      }
      const limitsMax = limits.gateLimitsPerNamespaceMax;
      if (fresh.size > 0 && count > limitsMax)
        throw new StemProblem({ reason: "LIMIT_COUNT_REACHED", limitsMax });
    },
    async forget(namespace) {
      const key = limitedKeyOf(namespace);
      if (readLimited(await store.getMeta(key)).size > 0) await store.putMeta(key, writeLimited([]));
    },
  };
}

const refOf = (namespace: Namespace, subject: QueueName): LimitRef => ({ namespace, kind: "queue", subject });

const areEqual = (a: Bytes | undefined, b: Bytes): boolean => a !== undefined && Buffer.compare(a, b) === 0;

/** Another server that applies the same, or an older text, may take a limit away meanwhile; it looks again, too. */
async function unlessUnknown(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!(error instanceof StemProblem) || error.problem.reason !== "LIMIT_UNKNOWN") throw error;
  }
}
