/** Filters of operators on their way in, and how far a call got on its way out. */

import { clone, create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import {
  type TaskBatch as TaskBatchMessage,
  type TaskBatchOutcome,
  TaskBatchOutcomeSchema,
  type TaskFilter as TaskFilterMessage,
  TaskFilterSchema,
} from "@stem/proto/stem/v1/task_batch_service_pb";
import type { BatchOutcome, TaskBatch, TaskFilter } from "../../broker/broker.ts";
import { type Namespace, queueNameOf, taskIdOf, taskNameOf } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid } from "../../model/problem.ts";
import type { PageQuestion, PageTokens } from "./page-token.ts";
import { taskStateFromProto } from "./task-state.ts";
import { optionalInstant } from "./time-fields.ts";

/** The request of a method that works through a filter. */
export type BatchRequest = Message & { readonly batch?: TaskBatchMessage | undefined };

/** What reading one needs. */
export type BatchContext = {
  readonly namespace: Namespace;
  readonly limits: Limits;
  readonly pageTokens: PageTokens;
};

/** A call on its way through a filter: what it asks of the broker, and how its answer is told. */
export type BatchCall = {
  readonly batch: TaskBatch;
  readonly answer: (outcome: BatchOutcome) => TaskBatchOutcome;
};

/** Reads what a request asks for. Throws FIELD_INVALID for a filter that names nothing, or a page token of another question. */
export function batchCallOf<S extends DescMessage>(
  schema: S,
  request: BatchRequest,
  { namespace, limits, pageTokens }: BatchContext,
): BatchCall {
  const { batch } = request;
  if (batch?.filter === undefined) throw fieldInvalid("batch.filter", "must be set");
  const question = questionOf(schema, request, namespace);
  const cursor = pageTokens.read(question, batch.pageToken);
  return {
    batch: {
      filter: taskFilterOf(batch.filter, namespace),
      limit: batch.limit === 0 ? limits.pageSizeMax : Math.min(batch.limit, limits.operationTasksMax),
      after: cursor === undefined ? undefined : Number(cursor),
      dryRun: batch.dryRun,
    },
    answer: ({ matched, changed, cursor: next }) =>
      create(TaskBatchOutcomeSchema, {
        matchedCount: BigInt(matched),
        changedCount: BigInt(changed),
        skippedCount: BigInt(matched - changed),
        nextPageToken: pageTokens.sign(question, next?.toString()),
      }),
  };
}

/** The request but for what may differ from page to page. */
function questionOf<S extends DescMessage>(
  schema: S,
  request: BatchRequest,
  namespace: Namespace,
): PageQuestion {
  const question = clone(schema, request as never) as BatchRequest;
  if (question.batch) Object.assign(question.batch, { limit: 0, pageToken: "" });
  return { schema, request: Object.assign(question, { namespace }) };
}

function taskFilterOf(filter: TaskFilterMessage, namespace: Namespace): TaskFilter {
  const { states, queue, name, tag, createTimeFrom, createTimeTo, taskIds, all, parentId, rootId } = filter;
  // `all` takes two bytes itself.
  if (!all && toBinary(TaskFilterSchema, filter).length === 0)
    throw fieldInvalid("batch.filter", "names nothing; set all to mean every task");
  return {
    namespace,
    states: states.flatMap((state) => taskStateFromProto(state) ?? []),
    queue: queue === undefined ? undefined : queueNameOf(queue),
    name: name === undefined ? undefined : taskNameOf(name),
    tag,
    createdFrom: optionalInstant("batch.filter.create_time_from", createTimeFrom),
    createdTo: optionalInstant("batch.filter.create_time_to", createTimeTo),
    parentId: parentId === undefined ? undefined : taskIdOf(parentId),
    rootId: rootId === undefined ? undefined : taskIdOf(rootId),
    ids: taskIds.length === 0 ? undefined : taskIds.map(taskIdOf),
  };
}
