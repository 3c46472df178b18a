import type { LimitName } from "./limits.ts";

/**
 * Why a request cannot be honoured: a closed set, each reason with its facts and no transport word in it. The same reasons as
 * ErrorReason in proto/stem/v1/error_reason.proto, explained one by one in docs/errors.md.
 */
export type Problem =
  | { readonly reason: "FIELD_INVALID"; readonly violations: readonly FieldViolation[] }
  | { readonly reason: "FIELD_OUT_OF_RANGE"; readonly violations: readonly FieldViolation[] }
  | {
      readonly reason: "PAYLOAD_TOO_LARGE";
      readonly field: string;
      readonly bytes: number;
      readonly bytesMax: number;
    }
  | {
      readonly reason: "RESULT_TOO_LARGE";
      readonly field: string;
      readonly bytes: number;
      readonly bytesMax: number;
    }
  | {
      readonly reason: "BATCH_TOO_LARGE";
      readonly field: string;
      readonly items: number;
      readonly itemsMax: number;
    }
  | { readonly reason: "TASK_UNKNOWN"; readonly taskId: string }
  | { readonly reason: "TASK_EXISTS"; readonly taskId: string }
  | { readonly reason: "TASK_NOT_ENDED"; readonly taskId: string; readonly state: string }
  | { readonly reason: "QUEUE_UNKNOWN"; readonly queue: string }
  | { readonly reason: "QUEUE_LIMIT_REACHED"; readonly queue: string; readonly queuesMax: number }
  | { readonly reason: "QUEUE_EXISTS"; readonly queue: string }
  | { readonly reason: "QUEUE_CLOSED"; readonly queue: string; readonly state: "closed" | "deleting" }
  | { readonly reason: "QUEUE_FULL"; readonly queue: string; readonly backlogMax: number }
  | {
      readonly reason: "QUEUE_IN_USE";
      readonly queue: string;
      /** Tasks that have not ended, and tasks that failed. */
      readonly backlog: number;
      readonly failed: number;
      /** Where the namespace's routing names it. */
      readonly routes: readonly string[];
    }
  | { readonly reason: "NAMESPACE_EXISTS"; readonly namespace: string }
  | { readonly reason: "NAMESPACE_LIMIT_REACHED"; readonly namespace: string; readonly namespacesMax: number }
  | {
      readonly reason: "NAMESPACE_DISABLED";
      readonly namespace: string;
      readonly state: "disabled" | "deleting";
    }
  | { readonly reason: "NAMESPACE_IN_USE"; readonly namespace: string; readonly backlogTasks: number }
  | { readonly reason: "NAMESPACE_FIXED"; readonly namespace: string }
  /** `max`: tasks or bytes, whichever the quota is about. */
  | {
      readonly reason: "QUOTA_EXCEEDED";
      readonly namespace: string;
      readonly quota: "backlog_tasks" | "backlog_bytes";
      readonly max: number;
    }
  | { readonly reason: "LIMIT_UNKNOWN"; readonly limitKind: string; readonly subject: string }
  | { readonly reason: "LIMIT_COUNT_REACHED"; readonly limitsMax: number }
  | { readonly reason: "LIMIT_FIXED"; readonly namespace: string; readonly queue: string }
  | { readonly reason: "NAMESPACE_UNKNOWN"; readonly namespace: string }
  | { readonly reason: "PURGE_UNCONFIRMED"; readonly queue: string; readonly waiting: number }
  | { readonly reason: "LEASE_LOST"; readonly taskId: string; readonly lostReason: string }
  | { readonly reason: "FRAME_UNEXPECTED"; readonly frame: string; readonly expected: string }
  | { readonly reason: "FRAME_OVERDUE"; readonly frame: string; readonly waitedMs: number }
  | { readonly reason: "PROTOCOL_UNSUPPORTED"; readonly protocolMin: number; readonly protocolMax: number }
  | { readonly reason: "CONCURRENCY_LIMIT_REACHED"; readonly limit: LimitName; readonly max: number }
  | {
      readonly reason: "RATE_LIMIT_REACHED";
      readonly limit: LimitName;
      readonly max: number;
      readonly retryAfterMs: number;
    }
  | { readonly reason: "STREAM_STALLED"; readonly stalledMs: number }
  | { readonly reason: "STORE_FULL" }
  | { readonly reason: "STORE_UNAVAILABLE" }
  | { readonly reason: "DRAINING" }
  | { readonly reason: "DEADLINE_EXCEEDED"; readonly limitMs: number }
  | { readonly reason: "REVISION_CONFLICT"; readonly namespace: string; readonly revision: number }
  | { readonly reason: "ROUTING_FIXED"; readonly file: string }
  | { readonly reason: "BROADCAST_UNKNOWN"; readonly broadcastId: string }
  | { readonly reason: "CHANNEL_UNKNOWN"; readonly channel: string }
  | { readonly reason: "LISTENER_NAME_TAKEN"; readonly worker: string }
  | { readonly reason: "WORKER_UNKNOWN"; readonly worker: string }
  | { readonly reason: "DEFINITION_UNKNOWN"; readonly name: string }
  | { readonly reason: "DEFINITION_LIMIT_REACHED"; readonly name: string; readonly definitionsMax: number }
  | {
      readonly reason: "LOCK_HELD";
      readonly key: string;
      readonly owner: string;
      /** When it ends by itself, from now. */
      readonly expiresInMs: number;
    }
  | { readonly reason: "LOCK_LOST"; readonly key: string; readonly lostReason: string }
  | { readonly reason: "UNIQUE_TAKEN"; readonly key: string; readonly holderTaskId: string }
  /** `revision`: what the task, the queue, the namespace or the schedule has now. */
  | { readonly reason: "REVISION_CONFLICT"; readonly taskId: string; readonly revision: number }
  | { readonly reason: "REVISION_CONFLICT"; readonly queue: string; readonly revision: number }
  | {
      readonly reason: "REVISION_CONFLICT";
      readonly subject: "namespace";
      readonly namespace: string;
      readonly revision: number;
    }
  | { readonly reason: "REVISION_CONFLICT"; readonly schedule: string; readonly revision: number }
  | { readonly reason: "TASK_NOT_WAITING"; readonly taskId: string; readonly state: string }
  | { readonly reason: "TASK_RUNNING"; readonly taskId: string }
  | { readonly reason: "TASK_NOT_FAILED"; readonly taskId: string; readonly state: string }
  | { readonly reason: "QUEUE_EVENT_EXISTS"; readonly queue: string; readonly eventId: string }
  | { readonly reason: "LINK_ARGS_NOT_JSON"; readonly field: string }
  | { readonly reason: "CANVAS_UNKNOWN"; readonly canvasId: string; readonly groupId?: string }
  | { readonly reason: "CANVAS_EXISTS"; readonly canvasId: string }
  | { readonly reason: "CANVAS_GROUP_CLOSED"; readonly canvasId: string; readonly groupId: string }
  | { readonly reason: "CANVAS_NOT_SUCCEEDED"; readonly canvasId: string; readonly state: string }
  | { readonly reason: "CANVAS_NOT_FAILED"; readonly canvasId: string; readonly state: string }
  | { readonly reason: "SCHEDULE_UNKNOWN"; readonly schedule: string }
  | { readonly reason: "SCHEDULE_EXISTS"; readonly schedule: string; readonly revision: number }
  | { readonly reason: "SCHEDULE_LIMIT_REACHED"; readonly schedule: string; readonly schedulesMax: number }
  | { readonly reason: "TOKEN_MISSING" }
  | { readonly reason: "TOKEN_INVALID" };

/** One field that is wrong, and how. `field` is a path from the request, such as `tasks[3].options.priority`. */
export type FieldViolation = { readonly field: string; readonly description: string };

/** The name of a problem. */
export type Reason = Problem["reason"];

/** A problem on its way out. Rooms throw it; the edge translates it once. */
export class StemProblem extends Error {
  readonly problem: Problem;
  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.reason, options);
    this.name = "StemProblem";
    this.problem = problem;
  }
}

/** One field is wrong. */
export const fieldInvalid = (field: string, description: string): StemProblem =>
  new StemProblem({ reason: "FIELD_INVALID", violations: [{ field, description }] });
