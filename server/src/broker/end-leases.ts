import type { Instant, Namespace, QueueName } from "../model/ids.ts";
import type { Outcome } from "../model/outcome.ts";
import { decideSettle, type LeaseHead, type SettleDecision } from "../model/task-machine.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { SettleVerdict, StoreSettlement, TaskStore } from "../ports/task-store.ts";
import { outcomeHash } from "./outcome-hash.ts";
import type { QueueNews } from "./queue-hints.ts";
import { createTally } from "./tally.ts";
import type { LeaseName } from "./token.ts";

/** A lease that ends, what it is decided by, and how its attempt went. */
export type LeaseEnd = {
  readonly name: LeaseName;
  readonly lease: LeaseHead & { readonly queue: QueueName };
  readonly outcome: Outcome;
};

/** Decides and writes the ends of leases in one transaction, then tells what it changed; verdicts in the order given. */
export type EndLeases = (
  namespace: Namespace,
  ends: readonly LeaseEnd[],
) => Promise<readonly SettleVerdict[]>;

/** What ending leases needs. */
export type EndLeasesDeps = {
  readonly store: Pick<TaskStore, "settle">;
  readonly clock: Clock;
  readonly random: Pick<Random, "chance">;
  readonly news: QueueNews;
  readonly hints: TaskHints;
};

/** Makes the part of the broker that ends leases. */
export function createEndLeases({ store, clock, random, news, hints }: EndLeasesDeps): EndLeases {
  return async (namespace, ends) => {
    if (ends.length === 0) return [];
    const now = clock.now();
    const decide = createDeciding(now, random);
    const decided = ends.map((end): StoreSettlement => {
      const { decision, hash } = decide(end);
      const { id, fence } = end.name;
      return { namespace, id, fence, decision, outcomeHash: hash, now };
    });
    const verdicts = await store.settle(decided);
    tell(namespace, ends, decided, verdicts);
    return verdicts;
  };

  /** Passes on what the commit changed: tasks to take, tasks to come, and tasks that somebody waits for. */
  function tell(
    namespace: Namespace,
    ends: readonly LeaseEnd[],
    decided: readonly StoreSettlement[],
    verdicts: readonly SettleVerdict[],
  ): void {
    const tally = createTally(namespace);
    for (const [at, verdict] of verdicts.entries()) {
      if (verdict.kind !== "applied") continue;
      if (verdict.state === "ready") tally.ready(ends[at]?.lease.queue);
      if (verdict.state === "scheduled") tally.scheduled(decided[at]?.decision.outcome.notBefore);
    }
    tally.tell(news);
    hints.leaseEnded(decided.filter((_, at) => verdicts[at]?.kind === "applied"));
  }
}

type Decided = { readonly decision: SettleDecision; readonly hash: number };

/** Decides ends of the same moment. A success leaves nothing to chance: neighbours that succeed alike share one decision. */
function createDeciding(now: Instant, random: Pick<Random, "chance">): (end: LeaseEnd) => Decided {
  let before: LeaseEnd | undefined;
  let decided: Decided | undefined;
  return (end) => {
    if (decided === undefined || before === undefined || !succeedsAlike(end, before))
      decided = {
        decision: decideSettle(end.lease, end.outcome, now, random.chance()),
        hash: outcomeHash(end.outcome),
      };
    before = end;
    return decided;
  };
}

const succeedsAlike = (a: LeaseEnd, b: LeaseEnd): boolean =>
  a.outcome.kind === "succeeded" &&
  a.outcome === b.outcome &&
  a.lease.policy === b.lease.policy &&
  a.lease.attempt === b.lease.attempt;
