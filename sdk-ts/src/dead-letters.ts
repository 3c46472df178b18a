import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import {
  type DeadLetterFilterSchema,
  DeadLetterService,
  type AttemptRecord as ProtoAttempt,
  type DeadLetter as ProtoDeadLetter,
  AttemptOutcome as ProtoOutcome,
} from "@stem/proto/stem/v1/dead_letter_service_pb";
import { jsonCodec } from "./codec/json.ts";
import { payloadToProto } from "./codec/payload.ts";
import type { OperatorCalls } from "./operator-calls.ts";
import type { Failure } from "./task-errors.ts";
import type { BatchOptions } from "./task-filter.ts";
import { stateReasonToProto, type TaskStateReason } from "./task-state.ts";
import { failureFromProto, type TaskStatus, taskStatusFromProto } from "./task-status.ts";

/** How an attempt ended badly. */
export type AttemptOutcome = "failed" | "rejected" | "result_too_large" | "unknown_name" | "lease_expired";

/** One attempt that ended badly. */
export type AttemptRecord = {
  /** From 1; a lost lease or an unknown name leaves the number to the next try. */
  readonly attempt: number;
  /** Undefined for one that this version does not know. */
  readonly outcome: AttemptOutcome | undefined;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly worker: string | undefined;
  readonly failure: Failure | undefined;
};

/** A task that failed for good, why, and what became of it. */
export type DeadLetter = {
  readonly task: TaskStatus;
  /** The task that replays it; undefined when it was not replayed. */
  readonly replayedBy: string | undefined;
  readonly replayedAt: Date | undefined;
};

/** Which dead letters: those that match all of it. `all` means every one, where one that names nothing is refused. */
export type DeadLetterFilter = {
  readonly queue?: string;
  readonly name?: string;
  readonly tag?: string;
  /** Failed for one of these reasons. */
  readonly reasons?: readonly TaskStateReason[];
  /** Failed at or after this. */
  readonly failedFrom?: Date;
  /** Failed before this. */
  readonly failedTo?: Date;
  /** Replayed, or not. Default: either. */
  readonly replayed?: boolean;
  /** One of these; to list them, read them one by one. */
  readonly ids?: readonly string[];
  readonly all?: boolean;
};

/** How dead letters are replayed. */
export type ReplayOptions = {
  /** The queue of the new tasks. Default: each its own. */
  readonly queue?: string;
  /** Not before this long from now. */
  readonly delayMs?: number;
};

/** A dead letter and the task that it became; in a dry run, would become. */
export type ReplayedLetter = {
  readonly id: string;
  readonly newId: string;
  /** True when an earlier call had replayed it. */
  readonly alreadyReplayed: boolean;
};

/** What operators do with tasks that failed for good. */
export interface DeadLetters {
  /** All that a filter finds, newest task first, read page by page as they are asked for. */
  list(filter?: DeadLetterFilter): AsyncIterable<DeadLetter>;
  /** Reads one with the history of its attempts, oldest first. TASK_UNKNOWN, TASK_NOT_FAILED. */
  get(id: string): Promise<DeadLetter & { readonly attempts: readonly AttemptRecord[] }>;
  /** Runs one again, perhaps with other arguments (as JSON). Repeated, it answers the same task. */
  replay(id: string, options?: ReplayOptions & { readonly args?: unknown }): Promise<ReplayedLetter>;
  /** Runs all again that a filter finds, each once. */
  replayAll(
    filter: DeadLetterFilter,
    options?: ReplayOptions & BatchOptions,
  ): Promise<readonly ReplayedLetter[]>;
  /** Deletes all that a filter finds; answers how many. */
  purge(filter: DeadLetterFilter, options?: BatchOptions): Promise<number>;
}

const pageSize = 100;
/** So many a call: each is answered well within the time that the server gives a call. */
const limit = 1000;

/** Makes them over one connection. */
export function createDeadLetters({ transport, inNamespace, timed, call }: OperatorCalls): DeadLetters {
  const service = createClient(DeadLetterService, transport);

  async function replayAll(
    filter: DeadLetterFilter,
    { queue, delayMs, args, dryRun = false }: ReplayOptions & BatchOptions & { readonly args?: unknown },
  ): Promise<readonly ReplayedLetter[]> {
    const payload = payloadToProto(jsonCodec.encode(args));
    const start = delayMs === undefined ? undefined : durationFromMs(delayMs);
    const request = {
      ...{ ...inNamespace, filter: filterToProto(filter), limit, dryRun },
      ...(queue !== undefined && { queue }),
      ...(start && { start: { case: "delay" as const, value: start } }),
      ...(payload && { args: payload }),
    };
    const letters: ReplayedLetter[] = [];
    let pageToken = "";
    do {
      const page = await call(() => service.replayDeadLetters({ ...request, pageToken }, timed));
      for (const { taskId, newTaskId, alreadyReplayed } of page.replayed)
        letters.push({ id: taskId, newId: newTaskId, alreadyReplayed });
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return letters;
  }

  return {
    async *list(filter = {}) {
      const request = { ...inNamespace, filter: filterToProto(filter), pageSize };
      let pageToken = "";
      do {
        const page = await call(() => service.listDeadLetters({ ...request, pageToken }, timed));
        for (const letter of page.deadLetters) yield deadLetterFromProto(letter);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
    },
    async get(taskId) {
      const { deadLetter } = await call(() => service.getDeadLetter({ ...inNamespace, taskId }, timed));
      if (deadLetter === undefined) throw new Error("the server answered without the dead letter");
      return { ...deadLetterFromProto(deadLetter), attempts: deadLetter.attempts.map(attemptFromProto) };
    },
    async replay(id, options = {}) {
      const [letter] = await replayAll({ ids: [id] }, options);
      if (letter === undefined) throw new Error("the server answered without the dead letter");
      return letter;
    },
    replayAll: (filter, options = {}) => replayAll(filter, options),
    async purge(filter, { dryRun = false } = {}) {
      const request = { ...inNamespace, filter: filterToProto(filter), dryRun };
      let [purged, pageToken] = [0, ""];
      do {
        const page = await call(() => service.purgeDeadLetters({ ...request, pageToken }, timed));
        purged += Number(page.purgedCount);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return purged;
    },
  };
}

const outcomes: Readonly<Record<number, AttemptOutcome>> = {
  [ProtoOutcome.FAILED]: "failed",
  [ProtoOutcome.REJECTED]: "rejected",
  [ProtoOutcome.RESULT_TOO_LARGE]: "result_too_large",
  [ProtoOutcome.UNKNOWN_NAME]: "unknown_name",
  [ProtoOutcome.LEASE_EXPIRED]: "lease_expired",
};

const attemptFromProto = (record: ProtoAttempt): AttemptRecord => ({
  attempt: record.attempt,
  outcome: outcomes[record.outcome],
  startedAt: record.startTime && timestampDate(record.startTime),
  endedAt: record.endTime && timestampDate(record.endTime),
  worker: record.worker || undefined,
  failure: record.failure && failureFromProto(record.failure),
});

function deadLetterFromProto({ task, replayTaskId, replayTime }: ProtoDeadLetter): DeadLetter {
  if (task === undefined) throw new Error("the server answered without the task");
  return {
    task: taskStatusFromProto(task, jsonCodec),
    replayedBy: replayTaskId || undefined,
    replayedAt: replayTime && timestampDate(replayTime),
  };
}

const filterToProto = ({
  reasons,
  failedFrom,
  failedTo,
  ids,
  ...rest
}: DeadLetterFilter): MessageInitShape<typeof DeadLetterFilterSchema> => ({
  ...rest,
  ...(reasons && { reasons: reasons.map(stateReasonToProto) }),
  ...(failedFrom && { failTimeFrom: timestampFromDate(failedFrom) }),
  ...(failedTo && { failTimeTo: timestampFromDate(failedTo) }),
  ...(ids && { taskIds: [...ids] }),
});
