import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type {
  TaskBatchOutcome,
  TaskBatchSchema,
  TaskFilterSchema,
} from "@stem/proto/stem/v1/task_batch_service_pb";
import { stateToProto, type TaskState } from "./task-state.ts";

/** Which tasks: those that match all of it. One that names nothing is refused; `all` means every task. */
export type TaskFilter = {
  /** In one of these states. Default: any that the operation can do something about. */
  readonly states?: readonly TaskState[];
  readonly queue?: string;
  /** Of this name, exactly. */
  readonly name?: string;
  readonly tag?: string;
  /** Accepted at or after this. */
  readonly createdFrom?: Date;
  /** Accepted before this. */
  readonly createdTo?: Date;
  /** One of these, at most 1,000; those that are not there are passed over. */
  readonly ids?: readonly string[];
  /** Enqueued by the handler of this task, or made by its end. */
  readonly parentId?: string;
  /** Descended from this task, as the first of its family. */
  readonly rootId?: string;
  readonly all?: boolean;
};

/** How to go through the tasks of a filter. */
export type BatchOptions = {
  /** Count what would be done, and do nothing. */
  readonly dryRun?: boolean;
};

/** What was done to the tasks of a filter; in a dry run, what would be. */
export type BatchOutcome = {
  /** How many the filter found. */
  readonly matched: number;
  readonly changed: number;
  /** Left alone: so already, in a state that rules it out, or changed by somebody else meanwhile. */
  readonly skipped: number;
};

/** What every call of a batch says. */
export type BatchMessage = MessageInitShape<typeof TaskBatchSchema>;

/** Works through a filter, call after call, until it finds no more. */
export async function throughAll(
  filter: TaskFilter,
  { dryRun = false }: BatchOptions,
  call: (batch: BatchMessage) => Promise<{ outcome?: TaskBatchOutcome | undefined }>,
): Promise<BatchOutcome> {
  let [matched, changed, skipped] = [0, 0, 0];
  let pageToken = "";
  do {
    const { outcome } = await call({ filter: filterToProto(filter), pageToken, dryRun });
    matched += Number(outcome?.matchedCount ?? 0);
    changed += Number(outcome?.changedCount ?? 0);
    skipped += Number(outcome?.skippedCount ?? 0);
    pageToken = outcome?.nextPageToken ?? "";
  } while (pageToken !== "");
  return { matched, changed, skipped };
}

const filterToProto = ({
  states,
  createdFrom,
  createdTo,
  ids,
  ...rest
}: TaskFilter): MessageInitShape<typeof TaskFilterSchema> => ({
  ...rest,
  ...(states && { states: states.map(stateToProto) }),
  ...(createdFrom && { createTimeFrom: timestampFromDate(createdFrom) }),
  ...(createdTo && { createTimeTo: timestampFromDate(createdTo) }),
  ...(ids && { taskIds: [...ids] }),
});
