import type { TaskRef } from "../model/ids.ts";
import type { CancelMessage } from "../model/task.ts";
import type { BrokerDeps } from "./broker-deps.ts";
import { type CancelMany, type CancelVerdict, createCancel, createCancelMany } from "./cancel.ts";
import { createCancelDescendants, type DescendantsCancelled } from "./cancel-descendants.ts";
import { createHearCancelled, type HearCancelled } from "./hear-cancelled.ts";
import type { QueueNews } from "./queue-hints.ts";
import { createRevocations, createRevoke, type Revocations, type Revoke } from "./revoke.ts";
import type { Sessions } from "./sessions.ts";

/** The ways to cancel. Throws StemProblem. */
export type Cancelling = Revocations & {
  /** Cancels a task; TASK_UNKNOWN when there is none. */
  cancel(ref: TaskRef, message: CancelMessage): Promise<CancelVerdict>;
  /** Cancels a task and all that descends from it; TASK_UNKNOWN when there is none. */
  cancelFamily(ref: TaskRef, message: CancelMessage): Promise<CancelVerdict & DescendantsCancelled>;
  /** Cancels tasks, also such as have not come yet: those end cancelled when they do. CONCURRENCY_LIMIT_REACHED. */
  readonly revoke: Revoke;
  /** Hears of tasks whose runs are to stop, as another server of the store was asked. */
  readonly hearCancelled: HearCancelled;
};

/** What cancelling needs. */
export type CancellingDeps = BrokerDeps & {
  readonly sessions: Pick<Sessions, "tellCancel">;
  readonly news: QueueNews;
};

/** Makes them, and with them what cancels many that somebody else has found. */
export function createCancelling(deps: CancellingDeps): {
  readonly cancelling: Cancelling;
  readonly cancelMany: CancelMany;
} {
  const cancel = createCancel(deps);
  const cancelMany = createCancelMany(deps);
  const cancelDescendants = createCancelDescendants({ ...deps, cancelMany });
  const cancelling: Cancelling = {
    cancel,
    async cancelFamily(ref, message) {
      const verdict = await cancel(ref, message);
      const [head] = await deps.store.readHeads([ref]);
      return { ...verdict, ...(head ? await cancelDescendants(head, message) : { count: 0, isMore: false }) };
    },
    revoke: createRevoke({ ...deps, cancel }),
    hearCancelled: createHearCancelled(deps),
    ...createRevocations(deps),
  };
  return { cancelling, cancelMany };
}
