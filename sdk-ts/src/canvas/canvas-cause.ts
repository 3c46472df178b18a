import type { CanvasCause as ProtoCause } from "@stem/proto/stem/v1/canvas_pb";
import type { ParentFailure as ProtoFailure } from "@stem/proto/stem/v1/link_pb";
import type { ParentFailure } from "../task-options.ts";
import { stateFromProto, type TaskState } from "../task-state.ts";

/** Why something of a canvas did not succeed. */
export type CanvasCause = {
  /** How that task ended. */
  readonly state: TaskState | undefined;
  /**
   * Why: a task's reason such as "max_attempts"; "deadline"; "not_made", where a task could not be made because its id or its unique key is
   * another's; "closed", where somebody wanted no more of it.
   */
  readonly reason: string;
  /** The task that it began with; undefined: none. */
  readonly taskId: string | undefined;
  /** How that task failed; undefined where it has not. */
  readonly failure: ParentFailure | undefined;
};

/** A cause from its message. */
export const canvasCauseFromProto = (cause: ProtoCause | undefined): CanvasCause | undefined =>
  cause && {
    ...{ state: stateFromProto(cause.state), reason: cause.reason, taskId: cause.taskId || undefined },
    failure: cause.failure && parentFailureFromProto(cause.failure),
  };

/** A failure as the tasks that follow a task are told of it. */
export function parentFailureFromProto({ failure, ...parent }: ProtoFailure): ParentFailure {
  const { taskId, taskName, attempt, reason } = parent;
  const { type = "", message = "", stack = "", ancestors = [] } = failure ?? {};
  return {
    taskId,
    taskName,
    attempt,
    reason,
    ...(failure && { failure: { type, message, stack, ancestors } }),
  };
}
