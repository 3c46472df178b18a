import type { TaskId, TaskRef } from "../model/ids.ts";
import { type Batches, createBatches } from "./batches.ts";
import type { CancelMany } from "./cancel.ts";
import { type Cancelling, type CancellingDeps, createCancelling } from "./cancelling.ts";
import { createDeadLetters, type DeadLetters } from "./dead-letters.ts";
import type { Dispatch } from "./dispatch.ts";
import { createEditing, type Editing } from "./edit.ts";
import type { Enqueueing } from "./enqueue.ts";
import { createExplaining, type ExplainingPart } from "./explain.ts";
import type { LimitsPart } from "./limits.ts";
import { createQueueAdmin, type QueueAdmin } from "./queue-admin.ts";
import { createQueues, type Queues } from "./queues.ts";
import { createReplay, type Replayed } from "./replay.ts";
import { createRetain, type Retain } from "./retain.ts";
import { createRoutedLimits, type RoutedLimitsDeps } from "./routed-limits.ts";

/** What operators do. Throws StemProblem; counts tell what was left alone. */
export interface Operators
  extends Queues,
    QueueAdmin,
    LimitsPart,
    Editing,
    Batches,
    DeadLetters,
    Cancelling,
    ExplainingPart {
  /** Enqueues an ended task's content again under a new id; TASK_UNKNOWN, TASK_NOT_ENDED. */
  replay(ref: TaskRef, newId: TaskId | undefined): Promise<Replayed>;
  /** Says anew until when the record of an ended task is kept; TASK_UNKNOWN, TASK_NOT_ENDED. */
  retain: Retain;
  /** Cancels tasks as they were read, in one write, and tells their workers; answers how many that changed. */
  cancelMany: CancelMany;
}

/** What that needs of the broker. */
export type OperatorsDeps = CancellingDeps &
  RoutedLimitsDeps & {
    readonly enqueueing: Pick<Enqueueing, "enqueueMade">;
    readonly dispatch: Pick<Dispatch, "isDraining" | "takersAt">;
  };

/** Makes the part of the broker that operators use. */
export function createOperators(deps: OperatorsDeps): Operators {
  const { cancelling, cancelMany } = createCancelling(deps);
  return {
    ...createQueues(deps),
    ...createQueueAdmin(deps),
    ...createRoutedLimits(deps),
    ...createEditing(deps),
    ...createBatches({ ...deps, cancelMany }),
    ...createDeadLetters(deps),
    ...createExplaining(deps),
    ...cancelling,
    cancelMany,
    replay: createReplay(deps),
    retain: createRetain(deps),
  };
}
