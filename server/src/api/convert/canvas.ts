/** Canvases on their way out. */

import { create, fromBinary } from "@bufbuild/protobuf";
import {
  type Canvas,
  type CanvasCause,
  CanvasCauseSchema,
  type CanvasGroup,
  CanvasGroupSchema,
  type CanvasMember,
  CanvasMemberSchema,
  CanvasNodeSchema,
  CanvasSchema,
  CanvasState,
  type CanvasValue,
  CanvasValueSchema,
  OnMemberFailure as WireOnMemberFailure,
} from "@stem/proto/stem/v1/canvas_pb";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import { type ParentFailure, ParentFailureSchema } from "@stem/proto/stem/v1/link_pb";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import type { CanvasView } from "../../canvas/canvas.ts";
import type { Barrier, BarrierState, Cause, OnMemberFailure } from "../../model/canvas.ts";
import type { NodeValue } from "../../model/canvas-value.ts";
import type { MemberOutcome } from "../../ports/canvas-reader.ts";
import { taskStateToProto } from "./task-state.ts";
import { timestampFromInstant } from "./time.ts";

const states: { readonly [S in BarrierState]: CanvasState } = {
  open: CanvasState.OPEN,
  succeeded: CanvasState.SUCCEEDED,
  failed: CanvasState.FAILED,
  cancelled: CanvasState.CANCELLED,
};

/** A state for the wire. */
export const canvasStateToProto = (state: BarrierState): CanvasState => states[state];

/** States from the wire; what this server does not know is none. */
export const canvasStatesFromProto = (wire: readonly CanvasState[]): readonly BarrierState[] =>
  (Object.entries(states) as readonly (readonly [BarrierState, CanvasState])[])
    .filter(([, state]) => wire.includes(state))
    .map(([state]) => state);

/** How much of it is shown. */
export type CanvasShown = { readonly root: boolean };

/** A canvas with its groups, as far as they were read. */
export function canvasToProto({ canvas, groups }: CanvasView, { root }: CanvasShown): Canvas {
  const { namespace, id, state, cause, createdAt, endedAt, canvasFacts: facts } = canvas;
  const message = create(CanvasSchema, {
    ...{ namespace, id, name: facts?.name ?? "", tags: [...(facts?.tags ?? [])] },
    ...{ state: states[state], createTime: timestampFromInstant(createdAt), retryOf: facts?.retryOf ?? "" },
    groups: groups.map(groupToProto),
  });
  if (cause !== undefined) message.cause = causeToProto(cause);
  if (endedAt !== undefined) message.endTime = timestampFromInstant(endedAt);
  if (facts?.deadline !== undefined) message.deadlineTime = timestampFromInstant(facts.deadline);
  if (facts?.purgeAt !== undefined) message.purgeTime = timestampFromInstant(facts.purgeAt);
  if (root && facts !== undefined) message.root = fromBinary(CanvasNodeSchema, facts.description, sent);
  return message;
}

const failureModes: { readonly [M in OnMemberFailure]: WireOnMemberFailure } = {
  fail_fast: WireOnMemberFailure.FAIL_FAST,
  wait: WireOnMemberFailure.WAIT,
  carry_on: WireOnMemberFailure.CARRY_ON,
};

function groupToProto(barrier: Barrier): CanvasGroup {
  const { id, canvas, place, state, onMemberFailure, size, isSealed, ended, unsuccessful, cause } = barrier;
  const above = place?.barrier ?? "";
  return create(CanvasGroupSchema, {
    ...{ id, parentGroupId: above === (canvas as string) ? "" : above, index: place?.index ?? 0 },
    ...{ state: states[state], onMemberFailure: failureModes[onMemberFailure], sealed: isSealed },
    ...{ size, ended, unsuccessful, ...(cause && { cause: causeToProto(cause) }) },
  });
}

function causeToProto(cause: Cause): CanvasCause {
  const { state, reason, task } = cause;
  return create(CanvasCauseSchema, {
    ...{ state: taskStateToProto(state), reason: reason ?? "", taskId: task ?? "" },
    ...(task !== undefined && { failure: failureToProto(cause) }),
  });
}

/** A failure as those see it that come after it. */
export const failureToProto = ({ task, name, attempt, reason, failure }: Cause): ParentFailure =>
  create(ParentFailureSchema, {
    ...{ taskId: task ?? "", taskName: name ?? "", attempt, reason: reason ?? "" },
    ...(failure && { failure: fromBinary(FailureSchema, failure) }),
  });

/** What a node left. */
export function valueToProto(value: NodeValue): CanvasValue {
  switch (value.kind) {
    case "result":
      return create(
        CanvasValueSchema,
        value.data && { value: { case: "result", value: fromBinary(PayloadSchema, value.data) } },
      );
    case "failure":
      return create(CanvasValueSchema, { value: { case: "failure", value: failureToProto(value.cause) } });
    case "list":
      return create(CanvasValueSchema, {
        value: { case: "list", value: { items: value.items.map(valueToProto) } },
      });
  }
}

/** A member that has ended. */
export function memberToProto(member: MemberOutcome): CanvasMember {
  const { index, state, source, result, failure, name, reason, attempt } = member;
  const message = create(CanvasMemberSchema, { index, state: taskStateToProto(state) });
  if (source.kind === "barrier") {
    message.source = { case: "groupId", value: source.id };
    return message;
  }
  message.source = { case: "taskId", value: source.id };
  message.value = valueToProto(
    state === "succeeded"
      ? { kind: "result", data: result }
      : { kind: "failure", cause: { state, reason, task: source.id, name, attempt, failure } },
  );
  return message;
}

/** A tree is kept as it was sent, and shown without what nobody here knows of. */
const sent = { readUnknownFields: false };
