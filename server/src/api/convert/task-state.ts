/** States and their reasons on the wire. */

import { TaskStateReason as WireReason } from "@stem/proto/stem/v1/task_pb";
import { TaskState as WireState } from "@stem/proto/stem/v1/task_state_pb";
import type { StateReason, TaskState } from "../../model/task.ts";

const states = {
  scheduled: WireState.SCHEDULED,
  ready: WireState.READY,
  leased: WireState.LEASED,
  succeeded: WireState.SUCCEEDED,
  failed: WireState.FAILED,
  cancelled: WireState.CANCELLED,
  expired: WireState.EXPIRED,
} as const satisfies Record<TaskState, WireState>;

const reasons = {
  delay: WireReason.DELAY,
  backoff: WireReason.BACKOFF,
  unknown_name: WireReason.UNKNOWN_NAME,
  released: WireReason.RELEASED,
  lease_expired: WireReason.LEASE_EXPIRED,
  max_attempts: WireReason.MAX_ATTEMPTS,
  max_deliveries: WireReason.MAX_DELIVERIES,
  non_retryable: WireReason.NON_RETRYABLE,
  rejected: WireReason.REJECTED,
  result_too_large: WireReason.RESULT_TOO_LARGE,
  cancel_requested: WireReason.CANCEL_REQUESTED,
  purged: WireReason.PURGED,
  replaced: WireReason.REPLACED,
  start_overdue: WireReason.START_OVERDUE,
  at_most_once: WireReason.AT_MOST_ONCE,
  worker_lost: WireReason.WORKER_LOST,
} as const satisfies Record<StateReason, WireReason>;

const byWire = new Map<WireState, TaskState>(
  Object.entries(states).map(([state, wire]) => [wire, state as TaskState]),
);

const reasonsByWire = new Map<WireReason, StateReason>(
  Object.entries(reasons).map(([reason, wire]) => [wire, reason as StateReason]),
);

/** A reason from the wire; undefined for UNSPECIFIED and for numbers that this server does not know. */
export const stateReasonFromProto = (reason: WireReason): StateReason | undefined =>
  reasonsByWire.get(reason);

/** A state for the wire; UNSPECIFIED where there is none, as for a task that is gone. */
export const taskStateToProto = (state: TaskState | undefined): WireState =>
  state === undefined ? WireState.UNSPECIFIED : states[state];

/** A state from the wire; undefined for UNSPECIFIED and for numbers that this server does not know. */
export const taskStateFromProto = (state: WireState): TaskState | undefined => byWire.get(state);

/** Why a task is in its state, for the wire; UNSPECIFIED where the state says it all. */
export const stateReasonToProto = (reason: StateReason | undefined): WireReason =>
  reason === undefined ? WireReason.UNSPECIFIED : reasons[reason];
