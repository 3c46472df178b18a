import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { CanvasPlace as ProtoPlace } from "@stem/proto/stem/v1/canvas_place_pb";
import type { Failure as ProtoFailure } from "@stem/proto/stem/v1/failure_pb";
import type { TaskGate as ProtoGate, Progress as ProtoProgress, Task } from "@stem/proto/stem/v1/task_pb";
import type { PayloadCodec } from "./codec/codec.ts";
import { payloadFromProto } from "./codec/payload.ts";
import type { Failure } from "./task-errors.ts";
import { stateFromProto, stateReasonFromProto, type TaskState, type TaskStateReason } from "./task-state.ts";

/** What a handler last reported while it runs. */
export type TaskProgress = {
  /** 0 to 100. */
  readonly percent?: number;
  /** A short text for people. */
  readonly message?: string;
  /** Anything else for programs, as the task's codec reads it. */
  readonly data?: unknown;
};

/** A task at one moment. */
export type TaskStatus = {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** 0 (last) to 9 (first), as it is in force. */
  readonly priority: number;
  /** Rises with every transition; what a guarded change names. */
  readonly revision: number;
  readonly state: TaskState;
  /** Why it is there, where the state alone does not say it. */
  readonly reason: TaskStateReason | undefined;
  /** The current or last attempt, from 1. */
  readonly attempt: number;
  /** How often it was handed to a worker, lost leases included. */
  readonly deliveries: number;
  /** Who holds or held the newest lease. */
  readonly worker: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** Notes for whoever looks at it. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: Date | undefined;
  /** Not started before this; undefined when it could start at once. */
  readonly notBefore: Date | undefined;
  /** When the newest lease began. */
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  /** When its record will be removed; undefined while it lives. */
  readonly purgedAt: Date | undefined;
  /** What the last attempt threw; kept while a later attempt is under way. */
  readonly failure: Failure | undefined;
  /** Why it was asked to be cancelled; undefined when it was not. */
  readonly cancelReason: string | undefined;
  /** Who asked for that, as far as they said so. */
  readonly cancelRequester: string | undefined;
  /** The task that this one replays. */
  readonly replayOf: string | undefined;
  /** The task whose handler enqueued it; undefined when none did. */
  readonly parentId: string | undefined;
  /** The first of all its ancestors; undefined when it has none. */
  readonly rootId: string | undefined;
  /** The unique key that it has claimed, and how many tasks were not made, or took it over, because of it. */
  readonly claim: { readonly key: string; readonly duplicates: number } | undefined;
  /** What its handler last reported; only while it runs. */
  readonly progress: TaskProgress | undefined;
  /** Where it waits although it is ready; undefined when any worker of its queue may have it. */
  readonly gate: TaskGate | undefined;
  /** Where it is in its canvas; undefined when it is in none. */
  readonly canvas: CanvasPlace | undefined;
};

/** Where a task is in its canvas. */
export type CanvasPlace = {
  readonly canvasId: string;
  /** The group that it is under; the canvas' own id where it is under none. */
  readonly groupId: string;
  /** As which of its members, from 0. */
  readonly index: number;
  /** Which one of its chain it is, from 0; undefined: it is in none. */
  readonly step: number | undefined;
};

/** What keeps a ready task from being handed out: the limit of its name or its key, or an earlier task of its ordering key. */
export type TaskGate = { readonly kind: "taskName" | "limitKey" | "orderingKey"; readonly subject: string };

/** A task's status from its message. */
export function taskStatusFromProto(task: Task, codec: PayloadCodec): TaskStatus {
  return {
    id: task.id,
    name: task.name,
    queue: task.queue,
    priority: task.priority,
    revision: Number(task.revision),
    // A state that this version does not know is a live one: only the known ends are final.
    state: stateFromProto(task.state) ?? "leased",
    reason: stateReasonFromProto(task.stateReason),
    attempt: task.attempt,
    deliveries: task.deliveries,
    worker: task.worker || undefined,
    headers: task.headers,
    tags: task.tags,
    metadata: task.metadata,
    createdAt: dateOf(task.createTime),
    notBefore: dateOf(task.notBeforeTime),
    startedAt: dateOf(task.startTime),
    endedAt: dateOf(task.endTime),
    purgedAt: dateOf(task.purgeTime),
    failure: task.failure && failureFromProto(task.failure),
    cancelReason: task.cancel?.reason,
    cancelRequester: task.cancel?.requester || undefined,
    replayOf: task.replayOf || undefined,
    parentId: task.parentId || undefined,
    rootId: task.rootId || undefined,
    claim: task.claim && { key: task.claim.key, duplicates: Number(task.claim.duplicates) },
    progress: task.progress && progressFromProto(task.progress, codec),
    gate: gateFromProto(task.gate),
    canvas: placeFromProto(task.canvas),
  };
}

/** Where a task is, from its message. */
export const placeFromProto = (place: ProtoPlace | undefined): CanvasPlace | undefined =>
  place && { canvasId: place.canvasId, groupId: place.groupId, index: place.index, step: place.step };

function gateFromProto(gate: ProtoGate | undefined): TaskGate | undefined {
  const said = gate?.gate;
  return said?.case === undefined ? undefined : { kind: said.case, subject: said.value };
}

/** A failure from its message. */
export const failureFromProto = (failure: ProtoFailure): Failure => ({
  type: failure.type,
  message: failure.message,
  stack: failure.stack,
  nonRetryable: failure.nonRetryable,
  truncated: failure.truncated,
  ancestors: failure.ancestors,
});

/** Progress from its message. */
export function progressFromProto(progress: ProtoProgress, codec: PayloadCodec): TaskProgress {
  const data = codec.decode(payloadFromProto(progress.data));
  return {
    ...(progress.percent !== undefined && { percent: progress.percent }),
    ...(progress.message !== "" && { message: progress.message }),
    ...(data !== undefined && { data }),
  };
}

const dateOf = (time: Timestamp | undefined): Date | undefined => time && timestampDate(time);
