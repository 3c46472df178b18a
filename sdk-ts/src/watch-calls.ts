import { createClient, type Transport } from "@connectrpc/connect";
import { TaskOutputService, type WatchTaskOutputResponse } from "@stem/proto/stem/v1/task_output_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import type { OpenAwait } from "./await-pool.ts";
import type { OutputWish } from "./task-output.ts";

/** The calls that stay open, one try each; they throw what the transport throws. */
export type WatchCalls = {
  readonly open: OpenAwait;
  /** Opens one WatchTaskOutput stream. */
  readonly openOutput: (
    taskId: string,
    wish: Pick<OutputWish, "from" | "kinds">,
    signal: AbortSignal,
  ) => AsyncIterable<WatchTaskOutputResponse>;
};

/** Binds them to one namespace. */
export function createWatchCalls(
  transport: Transport,
  inNamespace: { readonly namespace?: string },
): WatchCalls {
  const waits = createClient(TaskService, transport);
  const outputs = createClient(TaskOutputService, transport);
  return {
    open: (awaited, signal) =>
      waits.awaitTasks(
        { ...inNamespace, tasks: awaited.map(({ taskId, seenRevision }) => ({ taskId, seenRevision })) },
        { signal },
      ),
    openOutput: (taskId, { from, kinds }, signal) =>
      outputs.watchTaskOutput({ ...inNamespace, taskId, fromOffset: from, kinds: [...kinds] }, { signal }),
  };
}
