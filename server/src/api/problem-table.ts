/**
 * What each reason becomes on the wire: a code, a sentence, and google.rpc details. The only place that knows codes; a reason without
 * a row does not compile. docs/errors.md says the same in prose.
 */

import { create } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { Code } from "@stem/proto/google/rpc/code_pb";
import { type Status, StatusSchema } from "@stem/proto/google/rpc/status_pb";
import type { Problem, Reason } from "../model/problem.ts";
import {
  badRequest,
  clip,
  errorInfo,
  precondition,
  preconditions,
  quota,
  resource,
  retryAfter,
} from "./problem-details.ts";
import {
  conflictOf,
  sayBytes,
  sayState,
  sayViolations,
  sizeDetails,
  usesOf,
  violationDetails,
} from "./problem-words.ts";

type Of<R extends Reason> = Extract<Problem, { reason: R }>;

type Row<P> = {
  readonly code: Code;
  /** One sentence for people. */
  readonly say: (problem: P) => string;
  /** What goes with ErrorInfo. */
  readonly details?: (problem: P) => readonly Any[];
};

const messageCharsMax = 1000;
/** Soon: the condition passes by itself, or another server answers. */
const soonMs = 1000;
/** A disk is not emptied within a second. */
const diskFullMs = 10_000;

/** Workers make room, at their pace. */
const fullMs = 1000;

const table: { readonly [R in Reason]: Row<Of<R>> } = {
  FIELD_INVALID: { code: Code.INVALID_ARGUMENT, say: sayViolations, details: violationDetails },
  FIELD_OUT_OF_RANGE: { code: Code.OUT_OF_RANGE, say: sayViolations, details: violationDetails },
  PAYLOAD_TOO_LARGE: { code: Code.RESOURCE_EXHAUSTED, say: sayBytes, details: sizeDetails },
  RESULT_TOO_LARGE: { code: Code.RESOURCE_EXHAUSTED, say: sayBytes, details: sizeDetails },
  BATCH_TOO_LARGE: {
    code: Code.RESOURCE_EXHAUSTED,
    say: (p) => `${p.field}: ${p.items} items; the limit is ${p.itemsMax}`,
    details: (p) => [badRequest([{ field: p.field, description: `must have at most ${p.itemsMax} items` }])],
  },
  TASK_UNKNOWN: {
    code: Code.NOT_FOUND,
    say: (p) => `there is no task ${p.taskId}`,
    details: (p) => [resource("stem.v1.Task", p.taskId)],
  },
  TASK_EXISTS: {
    code: Code.ALREADY_EXISTS,
    say: (p) => `the task id ${p.taskId} is taken by a task with other content`,
    details: (p) => [resource("stem.v1.Task", p.taskId)],
  },
  QUEUE_EVENT_EXISTS: {
    code: Code.ALREADY_EXISTS,
    say: (p) => `queue ${p.queue} has another event with the id ${p.eventId}`,
    details: (p) => [resource("stem.v1.QueueEvent", p.eventId)],
  },
  TASK_NOT_ENDED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `task ${p.taskId} has not ended: it is ${p.state}`,
    details: (p) => [precondition("TASK_ENDED", p.taskId, `the task is ${p.state}`)],
  },
  QUEUE_UNKNOWN: {
    code: Code.NOT_FOUND,
    say: (p) => `there is no queue ${p.queue}`,
    details: (p) => [resource("stem.v1.Queue", p.queue)],
  },
  WORKER_UNKNOWN: {
    code: Code.NOT_FOUND,
    say: (p) => `there is no worker ${p.worker}`,
    details: (p) => [resource("stem.v1.Worker", p.worker)],
  },
  DEFINITION_UNKNOWN: {
    code: Code.NOT_FOUND,
    say: (p) => `there is no task definition ${p.name}`,
    details: (p) => [resource("stem.v1.TaskDefinition", p.name)],
  },
  DEFINITION_LIMIT_REACHED: {
    code: Code.RESOURCE_EXHAUSTED,
    say: (p) =>
      `task definition ${p.name} cannot be kept: the namespace has ${p.definitionsMax}, as many as it may`,
    details: (p) => [
      quota(`definition:${p.name}`, `at most ${p.definitionsMax} task definitions a namespace`),
    ],
  },
  QUEUE_LIMIT_REACHED: {
    code: Code.RESOURCE_EXHAUSTED,
    say: (p) => `queue ${p.queue} cannot be made: the namespace has ${p.queuesMax} queues, as many as it may`,
    details: (p) => [quota(`queue:${p.queue}`, `at most ${p.queuesMax} queues a namespace`)],
  },
  QUEUE_EXISTS: {
    code: Code.ALREADY_EXISTS,
    say: (p) => `there is a queue ${p.queue} with other settings: update it`,
    details: (p) => [resource("stem.v1.Queue", p.queue)],
  },
  QUEUE_CLOSED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `queue ${p.queue} takes nothing new: it is ${sayState(p.state)}`,
    details: (p) => [precondition("QUEUE_OPEN", p.queue, `the queue is ${sayState(p.state)}`)],
  },
  QUEUE_FULL: {
    code: Code.RESOURCE_EXHAUSTED,
    say: (p) => `queue ${p.queue} is full: it may have ${p.backlogMax} tasks that have not ended`,
    details: (p) => [
      quota(`queue:${p.queue}`, `at most ${p.backlogMax} tasks that have not ended`),
      retryAfter(fullMs),
    ],
  },
  QUEUE_IN_USE: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `queue ${p.queue} is in use: ${usesOf(p).join("; ")}`,
    details: (p) => [
      preconditions(
        usesOf(p).map((description) => ({ type: "QUEUE_UNUSED", subject: p.queue, description })),
      ),
    ],
  },
  NAMESPACE_EXISTS: {
    code: Code.ALREADY_EXISTS,
    say: (p) => `there is a namespace ${p.namespace} with other settings: update it`,
    details: (p) => [resource("stem.v1.Namespace", p.namespace)],
  },
  NAMESPACE_LIMIT_REACHED: {
    code: Code.RESOURCE_EXHAUSTED,
    say: (p) =>
      `namespace ${p.namespace} cannot be made: there are ${p.namespacesMax}, as many as there may be`,
    details: (p) => [quota(`namespace:${p.namespace}`, `at most ${p.namespacesMax} namespaces`)],
  },
  NAMESPACE_DISABLED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `namespace ${p.namespace} is ${sayState(p.state)}`,
    details: (p) => [precondition("NAMESPACE_ACTIVE", p.namespace, `the namespace is ${sayState(p.state)}`)],
  },
  NAMESPACE_IN_USE: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `${p.backlogTasks} tasks that have not ended are in namespace ${p.namespace}`,
    details: (p) => [precondition("NAMESPACE_UNUSED", p.namespace, `${p.backlogTasks} tasks have not ended`)],
  },
  NAMESPACE_FIXED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `the server's configuration lists namespace ${p.namespace}: take it out there first`,
    details: (p) => [precondition("NAMESPACE_UNLISTED", p.namespace, "the server's configuration lists it")],
  },
  QUOTA_EXCEEDED: {
    code: Code.RESOURCE_EXHAUSTED,
    say: (p) => `namespace ${p.namespace} is full: its quota ${p.quota} is ${p.max}`,
    details: (p) => [
      quota(`namespace:${p.namespace}:${p.quota}`, `at most ${p.max}, of tasks that have not ended`),
      retryAfter(fullMs),
    ],
  },
  LIMIT_UNKNOWN: {
    code: Code.NOT_FOUND,
    say: (p) => `there is no limit for the ${p.limitKind} ${p.subject}`,
    details: (p) => [resource("stem.v1.Limit", `${p.limitKind}:${p.subject}`)],
  },
  LIMIT_COUNT_REACHED: {
    code: Code.RESOURCE_EXHAUSTED,
    say: (p) => `the namespace has ${p.limitsMax} limits, as many as it may`,
    details: (p) => [quota("limits", `at most ${p.limitsMax} limits a namespace`)],
  },
  LIMIT_FIXED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) =>
      `the routing of namespace ${p.namespace} says the limits of queue ${p.queue} (queues.${p.queue}.limits): replace that instead`,
    details: (p) => [precondition("LIMIT_UNROUTED", p.queue, "the namespace's routing says its limits")],
  },
  NAMESPACE_UNKNOWN: {
    code: Code.NOT_FOUND,
    say: (p) => `there is no namespace ${p.namespace}`,
    details: (p) => [resource("stem.v1.Namespace", p.namespace)],
  },
  PURGE_UNCONFIRMED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `${p.waiting} tasks wait in queue ${p.queue}: confirm that number, or any_count`,
    details: (p) => [precondition("PURGE_CONFIRMED", p.queue, `${p.waiting} tasks wait`)],
  },
  LEASE_LOST: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `the lease of task ${p.taskId} is over: ${p.lostReason}`,
    details: (p) => [precondition("LEASE_HELD", p.taskId, p.lostReason)],
  },
  FRAME_UNEXPECTED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `${p.frame} cannot come now; expected ${p.expected}`,
    details: (p) => [precondition("FRAME_ORDER", p.frame, `expected ${p.expected}`)],
  },
  FRAME_OVERDUE: {
    code: Code.DEADLINE_EXCEEDED,
    say: (p) => `${p.frame} did not come within ${p.waitedMs} ms`,
  },
  PROTOCOL_UNSUPPORTED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `this server speaks worker protocol ${p.protocolMin} to ${p.protocolMax}`,
    details: (p) => [precondition("PROTOCOL", "protocol", `${p.protocolMin} to ${p.protocolMax}`)],
  },
  CONCURRENCY_LIMIT_REACHED: {
    code: Code.RESOURCE_EXHAUSTED,
    say: (p) => `${p.max} at once is the limit (${p.limit})`,
    details: (p) => [quota(p.limit, `at most ${p.max} at once`), retryAfter(soonMs)],
  },
  RATE_LIMIT_REACHED: {
    code: Code.RESOURCE_EXHAUSTED,
    say: (p) => `${p.max} in a second is the limit (${p.limit}): come back in ${p.retryAfterMs} ms`,
    details: (p) => [quota(p.limit, `at most ${p.max} in a second`), retryAfter(p.retryAfterMs)],
  },
  STREAM_STALLED: {
    code: Code.RESOURCE_EXHAUSTED,
    say: (p) => `nothing was read from the stream for ${p.stalledMs} ms`,
  },
  STORE_FULL: {
    code: Code.RESOURCE_EXHAUSTED,
    say: () => "the server's disk is full: nothing is accepted, what runs can still be settled",
    details: () => [quota("disk", "the server's disk is full"), retryAfter(diskFullMs)],
  },
  STORE_UNAVAILABLE: {
    code: Code.UNAVAILABLE,
    say: () => "the store did not answer; what was asked may or may not be stored",
    details: () => [retryAfter(soonMs)],
  },
  DRAINING: {
    code: Code.UNAVAILABLE,
    say: () => "the server is going away and takes nothing new",
    details: () => [retryAfter(soonMs)],
  },
  DEADLINE_EXCEEDED: {
    code: Code.DEADLINE_EXCEEDED,
    say: (p) => `the call took longer than ${p.limitMs} ms; what was asked may or may not be done`,
  },
  REVISION_CONFLICT: {
    code: Code.ABORTED,
    say: (p) => `${conflictOf(p)} was changed by somebody else meanwhile: its revision is ${p.revision}`,
    details: () => [retryAfter(0)],
  },
  BROADCAST_UNKNOWN: {
    code: Code.NOT_FOUND,
    say: (p) => `there is no broadcast ${p.broadcastId}`,
    details: (p) => [resource("stem.v1.Broadcast", p.broadcastId)],
  },
  CHANNEL_UNKNOWN: {
    code: Code.NOT_FOUND,
    say: (p) => `the namespace's routing declares no channel ${p.channel}, and refuses others`,
    details: (p) => [resource("stem.v1.Channel", p.channel)],
  },
  LISTENER_NAME_TAKEN: {
    code: Code.ALREADY_EXISTS,
    say: (p) => `another worker called ${p.worker} listens on channels: each needs a name of its own`,
    details: (p) => [resource("stem.v1.Worker", p.worker), retryAfter(soonMs)],
  },
  ROUTING_FIXED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `the routing was read from ${p.file} when the server started, and changes with it only`,
    details: (p) => [precondition("ROUTING_KEPT", p.file, "the server was started with a file of routes")],
  },
  LOCK_HELD: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `lock ${p.key} is held by ${p.owner} for ${p.expiresInMs} ms yet, unless it is renewed`,
    details: (p) => [
      precondition("LOCK_FREE", p.key, "another owner holds the lock"),
      retryAfter(p.expiresInMs),
    ],
  },
  UNIQUE_TAKEN: {
    code: Code.ALREADY_EXISTS,
    say: (p) => `the unique key ${p.key} is claimed by task ${p.holderTaskId}`,
    details: (p) => [resource("stem.v1.Task", p.holderTaskId)],
  },
  LOCK_LOST: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `lock ${p.key} is not held by this owner under this fence: ${p.lostReason}`,
    details: (p) => [precondition("LOCK_OWNED", p.key, p.lostReason)],
  },
  TASK_NOT_WAITING: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `task ${p.taskId} does not wait: it is ${p.state}`,
    details: (p) => [precondition("TASK_WAITING", p.taskId, `the task is ${p.state}`)],
  },
  TASK_RUNNING: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `a worker has task ${p.taskId}: cancel it first`,
    details: (p) => [precondition("TASK_AT_REST", p.taskId, "the task is leased")],
  },
  TASK_NOT_FAILED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `task ${p.taskId} is no dead letter: it is ${p.state}`,
    details: (p) => [precondition("TASK_FAILED", p.taskId, `the task is ${p.state}`)],
  },
  LINK_ARGS_NOT_JSON: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `${p.field}: nothing can be put into arguments that are no JSON array or object; ${ignoring}`,
    details: (p) => [precondition("ARGS_JSON", p.field, `send a JSON array or object, or ${ignoring}`)],
  },
  SCHEDULE_UNKNOWN: {
    code: Code.NOT_FOUND,
    say: (p) => `there is no schedule ${p.schedule}`,
    details: (p) => [resource("stem.v1.Schedule", p.schedule)],
  },
  SCHEDULE_EXISTS: {
    code: Code.ALREADY_EXISTS,
    say: (p) => `schedule ${p.schedule} is there already, with revision ${p.revision}`,
    details: (p) => [resource("stem.v1.Schedule", p.schedule)],
  },
  SCHEDULE_LIMIT_REACHED: {
    code: Code.RESOURCE_EXHAUSTED,
    say: (p) =>
      `schedule ${p.schedule} cannot be kept: the namespace has ${p.schedulesMax}, as many as it may`,
    details: (p) => [quota(`schedule:${p.schedule}`, `at most ${p.schedulesMax} schedules a namespace`)],
  },
  CANVAS_UNKNOWN: {
    code: Code.NOT_FOUND,
    say: (p) =>
      p.groupId === undefined
        ? `there is no canvas ${p.canvasId}, or no group in it that is meant`
        : `there is no group ${p.groupId} in a canvas ${p.canvasId}`,
    details: (p) => [resource("stem.v1.Canvas", p.canvasId)],
  },
  CANVAS_EXISTS: {
    code: Code.ALREADY_EXISTS,
    say: (p) => `canvas ${p.canvasId} is there already, with other content`,
    details: (p) => [resource("stem.v1.Canvas", p.canvasId)],
  },
  CANVAS_GROUP_CLOSED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) =>
      `group ${p.groupId} of canvas ${p.canvasId} takes no further members: it is sealed, or has ended`,
    details: (p) => [precondition("CANVAS_GROUP_OPEN", p.groupId, "the group is sealed, or has ended")],
  },
  CANVAS_NOT_SUCCEEDED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `canvas ${p.canvasId} has no result: it is ${p.state}`,
    details: (p) => [precondition("CANVAS_SUCCEEDED", p.canvasId, `the canvas is ${p.state}`)],
  },
  CANVAS_NOT_FAILED: {
    code: Code.FAILED_PRECONDITION,
    say: (p) => `nothing of canvas ${p.canvasId} can be run again: it is ${p.state}`,
    details: (p) => [precondition("CANVAS_FAILED", p.canvasId, `the canvas is ${p.state}`)],
  },
  TOKEN_MISSING: {
    code: Code.UNAUTHENTICATED,
    say: () =>
      "this server asks who calls: send `authorization: Bearer` and a token, or a client certificate",
  },
  TOKEN_INVALID: {
    code: Code.UNAUTHENTICATED,
    say: () => "the authorization is not `Bearer` and a token, or the token is unknown, withdrawn or expired",
  },
};

const ignoring = "set ignore_input where the task wants nothing of the other one's";

/** The error that a problem becomes, with ErrorInfo and the details of its reason: thrown, or put into a message. */
export function problemToStatus(problem: Problem): Status {
  // The row of a reason takes the problem of that reason; the compiler cannot follow that through the index.
  const row = table[problem.reason] as Row<Problem>;
  return create(StatusSchema, {
    code: row.code,
    message: clip(row.say(problem), messageCharsMax),
    details: [errorInfo(problem), ...(row.details?.(problem) ?? [])],
  });
}

/** Every reason that has a row: all of them. */
export const reasons = Object.keys(table) as readonly Reason[];
