import { TaskStateReason as ProtoReason } from "@stem/proto/stem/v1/task_pb";
import { TaskState as ProtoState } from "@stem/proto/stem/v1/task_state_pb";

/**
 * Where a task is in its life. scheduled: waits for its time. ready: may be leased. leased: a worker holds it. succeeded, failed,
 * cancelled, expired (not started in time): ended, for good.
 */
export type TaskState = "scheduled" | "ready" | "leased" | "succeeded" | "failed" | "cancelled" | "expired";

/** Why a task is in its state, where the state alone does not say it. */
export type TaskStateReason =
  | "delay"
  | "backoff"
  | "unknown_name"
  | "released"
  | "lease_expired"
  | "max_attempts"
  | "max_deliveries"
  | "non_retryable"
  | "rejected"
  | "result_too_large"
  | "cancel_requested"
  | "purged"
  | "replaced"
  | "start_overdue"
  | "at_most_once"
  | "worker_lost";

type Stateful = TaskState | { readonly state: TaskState };

const stateOf = (task: Stateful): TaskState => (typeof task === "string" ? task : task.state);

/** Ended well, badly or by request; nothing changes any more. */
export const isTerminal = (task: Stateful): boolean =>
  isSucceeded(task) || isFailed(task) || isCancelled(task) || isExpired(task);
/** Ended well; there is a result. */
export const isSucceeded = (task: Stateful): boolean => stateOf(task) === "succeeded";
/** Ended badly, for good. */
export const isFailed = (task: Stateful): boolean => stateOf(task) === "failed";
/** Ended by request. */
export const isCancelled = (task: Stateful): boolean => stateOf(task) === "cancelled";
/** Was not started in time. */
export const isExpired = (task: Stateful): boolean => stateOf(task) === "expired";
/** In a worker's hands. */
export const isRunning = (task: Stateful): boolean => stateOf(task) === "leased";
/** Waits: for its time, or for a worker. */
export const isWaiting = (task: Stateful): boolean =>
  stateOf(task) === "scheduled" || stateOf(task) === "ready";

const states: Readonly<Record<number, TaskState>> = {
  [ProtoState.SCHEDULED]: "scheduled",
  [ProtoState.READY]: "ready",
  [ProtoState.LEASED]: "leased",
  [ProtoState.SUCCEEDED]: "succeeded",
  [ProtoState.FAILED]: "failed",
  [ProtoState.CANCELLED]: "cancelled",
  [ProtoState.EXPIRED]: "expired",
};

const reasons: Readonly<Record<number, TaskStateReason>> = {
  [ProtoReason.DELAY]: "delay",
  [ProtoReason.BACKOFF]: "backoff",
  [ProtoReason.UNKNOWN_NAME]: "unknown_name",
  [ProtoReason.RELEASED]: "released",
  [ProtoReason.LEASE_EXPIRED]: "lease_expired",
  [ProtoReason.MAX_ATTEMPTS]: "max_attempts",
  [ProtoReason.MAX_DELIVERIES]: "max_deliveries",
  [ProtoReason.NON_RETRYABLE]: "non_retryable",
  [ProtoReason.REJECTED]: "rejected",
  [ProtoReason.RESULT_TOO_LARGE]: "result_too_large",
  [ProtoReason.CANCEL_REQUESTED]: "cancel_requested",
  [ProtoReason.PURGED]: "purged",
  [ProtoReason.REPLACED]: "replaced",
  [ProtoReason.START_OVERDUE]: "start_overdue",
  [ProtoReason.AT_MOST_ONCE]: "at_most_once",
  [ProtoReason.WORKER_LOST]: "worker_lost",
};

const protoStates = new Map(
  Object.entries(states).map(([code, state]) => [state, Number(code) as ProtoState]),
);

/** The state for the wire. */
export const stateToProto = (state: TaskState): ProtoState =>
  protoStates.get(state) ?? ProtoState.UNSPECIFIED;

const protoReasons = new Map(
  Object.entries(reasons).map(([code, reason]) => [reason, Number(code) as ProtoReason]),
);

/** The reason for the wire. */
export const stateReasonToProto = (reason: TaskStateReason): ProtoReason =>
  protoReasons.get(reason) ?? ProtoReason.UNSPECIFIED;

/** The state as the wire says it; undefined for one that this version does not know. */
export const stateFromProto = (state: ProtoState): TaskState | undefined => states[state];
/** The reason as the wire says it; undefined for none, or for one that this version does not know. */
export const stateReasonFromProto = (reason: ProtoReason): TaskStateReason | undefined => reasons[reason];
