import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { ExplainTaskResponse } from "@stem/proto/stem/v1/task_admin_service_pb";
import {
  type LimitFacts,
  type TaskCause as ProtoCause,
  TaskCauseKind as ProtoKind,
} from "@stem/proto/stem/v1/task_explanation_pb";
import { type LimitStatus, limitFromProto } from "./limits.ts";
import { pauseFromProto, type QueuePause } from "./queues.ts";
import { stateFromProto, stateReasonFromProto, type TaskState, type TaskStateReason } from "./task-state.ts";

/**
 * Why a task does not run. ended, running: it has, or does. cancel_requested: it runs, and was asked to stop. scheduled: its delay or
 * back-off is not over. namespace_stopped: its namespace is disabled, or being deleted. queue_deleting. queue_paused. order: an earlier task of
 * its ordering key has not ended. limit_paused: its name or its limit key is paused. limit_stopped: a limit of zero. concurrency_reached, rate_reached: a limit is used up. others_first: what
 * a limit allows is for tasks that come before it. draining: the server is about to stop. no_worker: none takes from its queue.
 * labels_missing, name_unknown: none that does has what it requires, or knows it. workers_busy: those that could run it take nothing more.
 * in_line: it is ready, and has its place.
 */
export type TaskCauseKind =
  | "ended"
  | "running"
  | "cancel_requested"
  | "scheduled"
  | "namespace_stopped"
  | "queue_deleting"
  | "queue_paused"
  | "order"
  | "limit_paused"
  | "limit_stopped"
  | "concurrency_reached"
  | "rate_reached"
  | "others_first"
  | "draining"
  | "no_worker"
  | "labels_missing"
  | "name_unknown"
  | "workers_busy"
  | "in_line";

/** One cause. Which facts are there goes by its kind. */
export type TaskCause = {
  /** undefined for one that this version does not know: its text says it. */
  readonly kind: TaskCauseKind | undefined;
  /** The same as a sentence, for people. */
  readonly text: string;
  /** When it is over by itself, or the lease ends that the task runs under. */
  readonly until: Date | undefined;
  /** queue_paused. */
  readonly pause?: QueuePause;
  /** limit_paused, limit_stopped, concurrency_reached, rate_reached, others_first. */
  readonly limit?: LimitInForce;
  /** order: the task that has to end first. */
  readonly order?: {
    readonly orderingKey: string;
    readonly firstTaskId: string;
    readonly firstState: TaskState | undefined;
  };
  /** in_line: how many come before it; `isMore`: more than that. */
  readonly line?: {
    readonly ahead: number;
    readonly isMore: boolean;
    readonly fairnessKey: string | undefined;
  };
  /** labels_missing, name_unknown, workers_busy: how many workers come into question but for that. */
  readonly workers?: {
    readonly count: number;
    readonly requiredLabels: Readonly<Record<string, string>>;
  };
  /** running. */
  readonly lease?: { readonly worker: string; readonly attempt: number };
  /** cancel_requested. */
  readonly cancel?: { readonly reason: string; readonly requester: string | undefined };
};

/** A limit that a task obeys, and what it does now. */
export type LimitInForce = LimitStatus & {
  /** How many live leases count there. */
  readonly leased: number;
  /** How many more it allows now. */
  readonly room: number;
  /** How many tasks of the same queue obey it as well and come before this one. */
  readonly ahead: number;
};

/** Why a task does not run, at one moment. */
export type TaskExplanation = {
  readonly state: TaskState | undefined;
  /** Why it is there, where the state alone does not say it. */
  readonly reason: TaskStateReason | undefined;
  readonly queue: string;
  /** All causes, what has to be over first coming first. */
  readonly causes: readonly TaskCause[];
  /** Nothing keeps it but that no worker has taken it yet. */
  readonly isStartable: boolean;
};

const kinds: Readonly<Record<number, TaskCauseKind>> = {
  [ProtoKind.ENDED]: "ended",
  [ProtoKind.RUNNING]: "running",
  [ProtoKind.CANCEL_REQUESTED]: "cancel_requested",
  [ProtoKind.SCHEDULED]: "scheduled",
  [ProtoKind.NAMESPACE_STOPPED]: "namespace_stopped",
  [ProtoKind.QUEUE_DELETING]: "queue_deleting",
  [ProtoKind.QUEUE_PAUSED]: "queue_paused",
  [ProtoKind.ORDER]: "order",
  [ProtoKind.LIMIT_PAUSED]: "limit_paused",
  [ProtoKind.LIMIT_STOPPED]: "limit_stopped",
  [ProtoKind.CONCURRENCY_REACHED]: "concurrency_reached",
  [ProtoKind.RATE_REACHED]: "rate_reached",
  [ProtoKind.OTHERS_FIRST]: "others_first",
  [ProtoKind.DRAINING]: "draining",
  [ProtoKind.NO_WORKER]: "no_worker",
  [ProtoKind.LABELS_MISSING]: "labels_missing",
  [ProtoKind.NAME_UNKNOWN]: "name_unknown",
  [ProtoKind.WORKERS_BUSY]: "workers_busy",
  [ProtoKind.IN_LINE]: "in_line",
};

/** An explanation from its message. */
export const explanationFromProto = (response: ExplainTaskResponse): TaskExplanation => ({
  state: stateFromProto(response.state),
  reason: stateReasonFromProto(response.stateReason),
  queue: response.queue,
  causes: response.causes.map(causeFromProto),
  isStartable: response.startable,
});

/** A cause from its message. */
export const causeFromProto = ({ kind, text, untilTime, facts }: ProtoCause): TaskCause => ({
  kind: kinds[kind],
  text,
  until: untilTime && timestampDate(untilTime),
  ...factsFromProto(facts),
});

function factsFromProto(facts: ProtoCause["facts"]): Partial<TaskCause> {
  switch (facts.case) {
    case "pause":
      return { pause: pauseFromProto(facts.value) };
    case "limit":
      return { limit: limitInForce(facts.value) };
    case "order": {
      const { orderingKey, firstTaskId, firstState } = facts.value;
      return { order: { orderingKey, firstTaskId, firstState: stateFromProto(firstState) } };
    }
    case "line": {
      const { ahead, more, fairnessKey } = facts.value;
      return { line: { ahead: Number(ahead), isMore: more, fairnessKey: fairnessKey || undefined } };
    }
    case "workers":
      return { workers: { count: facts.value.count, requiredLabels: facts.value.requiredLabels } };
    case "lease":
      return { lease: { worker: facts.value.worker, attempt: facts.value.attempt } };
    case "cancel":
      return { cancel: { reason: facts.value.reason, requester: facts.value.requester || undefined } };
    default:
      return {};
  }
}

function limitInForce({ limit, leased, room, ahead }: LimitFacts): LimitInForce {
  if (limit === undefined) throw new Error("the server answered without the limit");
  return {
    ...limitFromProto(limit),
    ...{ leased: Number(leased), room: Number(room), ahead: Number(ahead) },
  };
}
