import type { TaskId, TaskRef } from "../model/ids.ts";
import type { CancelMessage } from "../model/task.ts";
import { type Batches, createBatches } from "./batches.ts";
import type { BrokerDeps } from "./broker-deps.ts";
import { type CancelVerdict, createCancel, createCancelMany } from "./cancel.ts";
import { createCancelDescendants, type DescendantsCancelled } from "./cancel-descendants.ts";
import { createDeadLetters, type DeadLetters } from "./dead-letters.ts";
import type { Dispatch } from "./dispatch.ts";
import { createEditing, type Editing } from "./edit.ts";
import type { Enqueueing } from "./enqueue.ts";
import { createExplaining, type ExplainingPart } from "./explain.ts";
import { createLimits, type LimitsPart } from "./limits.ts";
import { createQueueAdmin, type QueueAdmin } from "./queue-admin.ts";
import type { QueueNews } from "./queue-hints.ts";
import { createQueues, type Queues } from "./queues.ts";
import { createReplay, type Replayed } from "./replay.ts";
import { createRetain, type Retain } from "./retain.ts";
import { createRevoke, type Revoke } from "./revoke.ts";
import type { Sessions } from "./sessions.ts";

/** What operators do. Throws StemProblem; counts tell what was left alone. */
export interface Operators
  extends Queues,
    QueueAdmin,
    LimitsPart,
    Editing,
    Batches,
    DeadLetters,
    ExplainingPart {
  /** Cancels a task; TASK_UNKNOWN when there is none. */
  cancel(ref: TaskRef, message: CancelMessage): Promise<CancelVerdict>;
  /** Cancels a task and all that descends from it; TASK_UNKNOWN when there is none. */
  cancelFamily(ref: TaskRef, message: CancelMessage): Promise<CancelVerdict & DescendantsCancelled>;
  /** Cancels tasks, also such as have not come yet: those end cancelled when they do. CONCURRENCY_LIMIT_REACHED. */
  revoke: Revoke;
  /** Enqueues an ended task's content again under a new id; TASK_UNKNOWN, TASK_NOT_ENDED. */
  replay(ref: TaskRef, newId: TaskId | undefined): Promise<Replayed>;
  /** Says anew until when the record of an ended task is kept; TASK_UNKNOWN, TASK_NOT_ENDED. */
  retain: Retain;
}

/** What that needs of the broker. */
export type OperatorsDeps = BrokerDeps & {
  readonly sessions: Pick<Sessions, "tellCancel">;
  readonly enqueueing: Pick<Enqueueing, "enqueueMade">;
  readonly dispatch: Pick<Dispatch, "isDraining" | "takersAt">;
  readonly news: QueueNews;
};

/** Makes the part of the broker that operators use. */
export function createOperators(deps: OperatorsDeps): Operators {
  const cancel = createCancel(deps);
  const cancelMany = createCancelMany(deps);
  const cancelDescendants = createCancelDescendants({ ...deps, cancelMany });
  return {
    ...createQueues(deps),
    ...createQueueAdmin(deps),
    ...createLimits(deps),
    ...createEditing(deps),
    ...createBatches({ ...deps, cancelMany }),
    ...createDeadLetters(deps),
    ...createExplaining(deps),
    cancel,
    async cancelFamily(ref, message) {
      const verdict = await cancel(ref, message);
      const [head] = await deps.store.readHeads([ref]);
      return { ...verdict, ...(head ? await cancelDescendants(head, message) : { count: 0, isMore: false }) };
    },
    revoke: createRevoke({ ...deps, cancel }),
    replay: createReplay(deps),
    retain: createRetain(deps),
  };
}
