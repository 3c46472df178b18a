/** Dead letters as callers see them, and what they ask of them. */

import { clone, create, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import {
  type AttemptRecord as AttemptMessage,
  AttemptOutcome as AttemptOutcomeMessage,
  AttemptRecordSchema,
  type DeadLetterFilter,
  DeadLetterFilterSchema,
  type DeadLetter as DeadLetterMessage,
  DeadLetterSchema,
} from "@stem/proto/stem/v1/dead_letter_service_pb";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import type { DeadLetter, TaskFilter } from "../../broker/broker.ts";
import type { AttemptOutcome, AttemptRecord } from "../../model/attempt.ts";
import { type Namespace, queueNameOf, taskIdOf, taskNameOf } from "../../model/ids.ts";
import { fieldInvalid } from "../../model/problem.ts";
import type { PageQuestion } from "./page-token.ts";
import { taskToProto } from "./task.ts";
import { stateReasonFromProto } from "./task-state.ts";
import { timestampFromInstant } from "./time.ts";
import { optionalInstant } from "./time-fields.ts";

const outcomes: { readonly [O in AttemptOutcome]: AttemptOutcomeMessage } = {
  failed: AttemptOutcomeMessage.FAILED,
  rejected: AttemptOutcomeMessage.REJECTED,
  result_too_large: AttemptOutcomeMessage.RESULT_TOO_LARGE,
  unknown_name: AttemptOutcomeMessage.UNKNOWN_NAME,
  lease_expired: AttemptOutcomeMessage.LEASE_EXPIRED,
};

/** A dead letter as callers see it. */
export const deadLetterToProto = (
  { task, replay }: DeadLetter,
  args: boolean,
  attempts: readonly AttemptRecord[] = [],
): DeadLetterMessage =>
  create(DeadLetterSchema, {
    task: taskToProto(task, { args, progress: undefined }),
    attempts: attempts.map(attemptToProto),
    ...(replay && { replayTaskId: replay.taskId, replayTime: timestampFromInstant(replay.at) }),
  });

const attemptToProto = ({ startedAt, endedAt, ...record }: AttemptRecord): AttemptMessage =>
  create(AttemptRecordSchema, {
    attempt: record.attempt,
    outcome: outcomes[record.outcome],
    endTime: timestampFromInstant(endedAt),
    worker: record.worker ?? "",
    ...(startedAt !== undefined && { startTime: timestampFromInstant(startedAt) }),
    ...(record.failure && { failure: fromBinary(FailureSchema, record.failure) }),
  });

/** The filter of a request. */
export function deadLetterFilterOf(filter: DeadLetterFilter | undefined, namespace: Namespace): TaskFilter {
  const { queue, name, tag, taskIds = [] } = filter ?? {};
  return {
    namespace,
    states: ["failed"],
    queue: queue === undefined ? undefined : queueNameOf(queue),
    name: name === undefined ? undefined : taskNameOf(name),
    tag,
    createdFrom: undefined,
    createdTo: undefined,
    ended: {
      reasons: filter?.reasons.flatMap((reason) => stateReasonFromProto(reason) ?? []) ?? [],
      from: optionalInstant("filter.fail_time_from", filter?.failTimeFrom),
      to: optionalInstant("filter.fail_time_to", filter?.failTimeTo),
      isReplayed: filter?.replayed,
    },
    ids: taskIds.length === 0 ? undefined : taskIds.map(taskIdOf),
  };
}

/** The filter of a request that does something; throws where it names nothing, and does not say that it means all. */
export function deedFilterOf(filter: DeadLetterFilter | undefined, namespace: Namespace): TaskFilter {
  if (filter === undefined) throw fieldInvalid("filter", "must be set");
  if (!filter.all && toBinary(DeadLetterFilterSchema, filter).length === 0)
    throw fieldInvalid("filter", "names nothing; set all to mean every dead letter");
  return deadLetterFilterOf(filter, namespace);
}

/** What the page tokens of a request belong to: all of it but what may differ from page to page. */
export function deadLetterQuestion<S extends DescMessage>(
  schema: S,
  request: Message,
  namespace: Namespace,
): PageQuestion {
  const question: Message = clone(schema, request as never);
  const bounds = "pageSize" in request ? { pageSize: 0 } : { limit: 0 };
  return { schema, request: Object.assign(question, { namespace, pageToken: "", ...bounds }) };
}
