import { type Namespace, plus, type TaskId } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import type { CancelMessage, TaskState } from "../model/task.ts";
import type { AdminStore, Revocation, RevokeVerdict } from "../ports/admin-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Cancel } from "./cancel.ts";

/** What became of one id: as a cancel says, or noted for when it comes. `state` undefined: no such task, yet or any more. */
export type RevokedId = {
  readonly kind: "cancelled" | "requested" | "already_terminal" | "noted";
  readonly state: TaskState | undefined;
};

/** Cancels tasks that may not have come yet. Entries for those last `ttlMs`, by default a day. */
export type Revoke = (
  namespace: Namespace,
  ids: readonly TaskId[],
  message: CancelMessage & { readonly ttlMs: number | undefined },
) => Promise<readonly RevokedId[]>;

/** What operators do with ids that were revoked before they came. */
export type Revocations = {
  /** Those of a namespace that are waited for, by id, after `after`. */
  listRevocations(
    namespace: Namespace,
    after: TaskId | undefined,
    limit: number,
  ): Promise<readonly Revocation[]>;
  /** Takes them back; answers those that were waited for. */
  withdrawRevocations(namespace: Namespace, ids: readonly TaskId[]): Promise<readonly TaskId[]>;
};

/** Makes that part of the broker. */
export const createRevocations = ({
  store,
  clock,
}: {
  readonly store: Pick<AdminStore, "listRevocations" | "withdrawRevocations">;
  readonly clock: Clock;
}): Revocations => ({
  listRevocations: (namespace, after, limit) =>
    store.listRevocations({ namespace, after, limit, now: clock.now() }),
  withdrawRevocations: (namespace, ids) => store.withdrawRevocations(namespace, ids, clock.now()),
});

/** What revoking needs. */
export type RevokingDeps = {
  readonly store: Pick<AdminStore, "revoke">;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly cancel: Cancel;
};

/** Makes the part of the broker that cancels ahead. The store knows in one moment what has come: no task slips in between. */
export function createRevoke({ store, clock, limits, cancel }: RevokingDeps): Revoke {
  return async (namespace, ids, { ttlMs = limits.revocationMsDefault, ...message }) => {
    const now = clock.now();
    const until = plus(now, ttlMs);
    const asked = ids.map((id) => ({ ref: { namespace, id }, cancel: { ...message, at: now }, until }));
    const verdicts = await store.revoke(asked, now);
    return Promise.all(asked.map(({ ref }, at) => outcomeOf(ref, verdicts[at])));

    async function outcomeOf(
      ref: (typeof asked)[number]["ref"],
      verdict: RevokeVerdict | undefined,
    ): Promise<RevokedId> {
      if (verdict === "limit") {
        const max = limits.revocationsMax;
        throw new StemProblem({ reason: "CONCURRENCY_LIMIT_REACHED", limit: "revocationsMax", max });
      }
      if (verdict === "known") return cancel(ref, message);
      return { kind: verdict === "gone" ? "already_terminal" : "noted", state: undefined };
    }
  };
}
