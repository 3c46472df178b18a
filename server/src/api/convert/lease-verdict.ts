/** Verdicts about leases, for the wire. */

import { create } from "@bufbuild/protobuf";
import {
  LeaseLostReason,
  LeaseVerdictSchema,
  type LeaseVerdict as WireVerdict,
} from "@stem/proto/stem/v1/lease_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import type { LeaseVerdict, LostReason } from "../../broker/broker.ts";
import { taskStateToProto } from "./task-state.ts";

const reasons = {
  superseded: LeaseLostReason.SUPERSEDED,
  cancelled: LeaseLostReason.CANCELLED,
  settled: LeaseLostReason.SETTLED,
  token_invalid: LeaseLostReason.TOKEN_INVALID,
  task_unknown: LeaseLostReason.TASK_UNKNOWN,
  other_session: LeaseLostReason.OTHER_SESSION,
} as const satisfies Record<LostReason, LeaseLostReason>;

/** Why a lease is over, for the wire. */
export const lostReasonToProto = (why: LostReason): LeaseLostReason => reasons[why];

/** Whether a lease is held on, for the wire. */
export const leaseVerdictToProto = (verdict: LeaseVerdict): WireVerdict =>
  verdict.held
    ? create(LeaseVerdictSchema, { leaseToken: verdict.token, held: true, state: TaskState.LEASED })
    : create(LeaseVerdictSchema, {
        leaseToken: verdict.token,
        held: false,
        state: taskStateToProto(verdict.state),
        lostReason: lostReasonToProto(verdict.why),
      });
