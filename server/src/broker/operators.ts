import type { TaskId, TaskRef } from "../model/ids.ts";
import { type Batches, createBatches } from "./batches.ts";
import type { BrokerDeps } from "./broker-deps.ts";
import { type CancelMessage, type CancelVerdict, createCancel, createCancelMany } from "./cancel.ts";
import { createDeadLetters, type DeadLetter, type DeadLetters, type ReplayedLetter } from "./dead-letters.ts";
import { createEditing, type Editing } from "./edit.ts";
import type { Enqueueing } from "./enqueue.ts";
import { createLimits, type LimitsPart } from "./limits.ts";
import type { QueueNews } from "./queue-hints.ts";
import { createQueues, type Queues } from "./queues.ts";
import { createReplay, type ReplayEdit, type Replayed } from "./replay.ts";
import type { Sessions } from "./sessions.ts";

export type { BatchOutcome, TaskBatch, TaskFilter } from "./batch.ts";
export type { BatchEdit } from "./batches.ts";
export type { EditWish, TaskAt } from "./edit.ts";
export { noWish } from "./edit.ts";
export type { CancelMessage, CancelVerdict, DeadLetter, ReplayEdit, Replayed, ReplayedLetter };

/** What operators do. Throws StemProblem; counts tell what was left alone. */
export interface Operators extends Queues, LimitsPart, Editing, Batches, DeadLetters {
  /** Cancels a task; TASK_UNKNOWN when there is none. */
  cancel(ref: TaskRef, message: CancelMessage): Promise<CancelVerdict>;
  /** Enqueues an ended task's content again under a new id; TASK_UNKNOWN, TASK_NOT_ENDED. */
  replay(ref: TaskRef, newId: TaskId | undefined): Promise<Replayed>;
}

/** What that needs of the broker. */
export type OperatorsDeps = BrokerDeps & {
  readonly sessions: Pick<Sessions, "tellCancel">;
  readonly enqueueing: Pick<Enqueueing, "enqueueMade">;
  readonly news: QueueNews;
};

/** Makes the part of the broker that operators use. */
export const createOperators = (deps: OperatorsDeps): Operators => ({
  ...createQueues(deps),
  ...createLimits(deps),
  ...createEditing(deps),
  ...createBatches({ ...deps, cancelMany: createCancelMany(deps) }),
  ...createDeadLetters(deps),
  cancel: createCancel(deps),
  replay: createReplay(deps),
});
