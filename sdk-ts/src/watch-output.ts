import type { WatchTaskOutputResponse } from "@stem/proto/stem/v1/task_output_service_pb";
import { type FollowDeps, followed } from "./followed.ts";
import type { TaskCalls } from "./task-calls.ts";
import type { OutputWish } from "./task-output.ts";

/** Follows a task's output until the task has ended, over as many breaks as that takes. */
export const watchOutput = (
  open: TaskCalls["openOutput"],
  deps: FollowDeps,
  taskId: string,
  { from, kinds, signal }: OutputWish,
): AsyncIterable<WatchTaskOutputResponse> =>
  followed(deps, {
    open: (next, stop) => open(taskId, { from: next ?? from, kinds }, stop),
    ...{ from, signal },
    nextOf: ({ nextOffset }) => nextOffset,
    isLast: ({ ended }) => ended,
  });
