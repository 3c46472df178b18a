import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type Canvas,
  type CanvasGroup as ProtoGroup,
  CanvasState as ProtoState,
} from "@stem/proto/stem/v1/canvas_pb";
import type { ExplainCanvasResponse } from "@stem/proto/stem/v1/canvas_service_pb";
import { jsonCodec } from "../codec/json.ts";
import { causeFromProto, type TaskCause } from "../explanation.ts";
import { type TaskStatus, taskStatusFromProto } from "../task-status.ts";
import { type CanvasCause, canvasCauseFromProto } from "./canvas-cause.ts";

/** Where a canvas or a group is. All but open are for good. */
export type CanvasState = "open" | "succeeded" | "failed" | "cancelled";

/** A canvas at one moment. */
export type CanvasStatus = {
  readonly id: string;
  readonly name: string | undefined;
  readonly tags: readonly string[];
  readonly state: CanvasState;
  /** What made it fail, or why it was closed; undefined while nothing did. */
  readonly cause: CanvasCause | undefined;
  readonly createdAt: Date | undefined;
  readonly endedAt: Date | undefined;
  /** When it fails if it has not ended. */
  readonly deadline: Date | undefined;
  /** When it is removed; undefined while it lives. */
  readonly purgedAt: Date | undefined;
  /** The canvas of which this one runs again what did not succeed. */
  readonly retryOf: string | undefined;
  /** Its groups, the outermost first, as far as they have begun; at most 1,000. */
  readonly groups: readonly CanvasGroup[];
};

/** A group of a canvas, or a node that has links of its own. */
export type CanvasGroup = {
  readonly id: string;
  /** The group that it is a member of; undefined: none but the canvas. */
  readonly parentGroupId: string | undefined;
  /** As which member, from 0. */
  readonly index: number;
  readonly state: CanvasState;
  /** How many members it has so far. */
  readonly size: number;
  /** No further members come. */
  readonly isSealed: boolean;
  /** How many of its members have ended, and how many of those did not succeed. */
  readonly ended: number;
  readonly unsuccessful: number;
  readonly cause: CanvasCause | undefined;
};

/** Why a canvas has not ended. */
export type CanvasExplanation = {
  readonly canvas: CanvasStatus;
  /** Tasks of it that have not ended, newest first, and why each does not run; at most 100. */
  readonly waits: readonly { readonly task: TaskStatus; readonly causes: readonly TaskCause[] }[];
  /** Groups that wait for somebody to add members or to seal them. */
  readonly unsealedGroupIds: readonly string[];
};

const states: Readonly<Record<number, CanvasState>> = {
  [ProtoState.SUCCEEDED]: "succeeded",
  [ProtoState.FAILED]: "failed",
  [ProtoState.CANCELLED]: "cancelled",
};

/** A state from the wire. One that this version does not know is a live one: only the known ends are final. */
export const canvasStateFromProto = (state: ProtoState): CanvasState => states[state] ?? "open";

/** A canvas from an answer. */
export function canvasFromProto({ canvas }: { readonly canvas?: Canvas | undefined }): CanvasStatus {
  if (canvas === undefined) throw new Error("the server answered without the canvas");
  return {
    ...{ id: canvas.id, name: canvas.name || undefined, tags: canvas.tags },
    ...{ state: canvasStateFromProto(canvas.state), cause: canvasCauseFromProto(canvas.cause) },
    ...{ createdAt: dateOf(canvas.createTime), endedAt: dateOf(canvas.endTime) },
    ...{ deadline: dateOf(canvas.deadlineTime), purgedAt: dateOf(canvas.purgeTime) },
    ...{ retryOf: canvas.retryOf || undefined, groups: canvas.groups.map(groupFromProto) },
  };
}

const groupFromProto = (group: ProtoGroup): CanvasGroup => ({
  ...{ id: group.id, parentGroupId: group.parentGroupId || undefined, index: group.index },
  ...{ state: canvasStateFromProto(group.state), size: group.size, isSealed: group.sealed },
  ...{ ended: group.ended, unsuccessful: group.unsuccessful, cause: canvasCauseFromProto(group.cause) },
});

/** Why it has not ended, from its message. */
export const canvasExplanationFromProto = (response: ExplainCanvasResponse): CanvasExplanation => ({
  canvas: canvasFromProto(response),
  waits: response.waits.flatMap(({ task, causes }) =>
    task ? [{ task: taskStatusFromProto(task, jsonCodec), causes: causes.map(causeFromProto) }] : [],
  ),
  unsealedGroupIds: response.unsealedGroupIds,
});

const dateOf = (time: Timestamp | undefined): Date | undefined => time && timestampDate(time);
