import { create } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import { TaskAdminService } from "@stem/proto/stem/v1/task_admin_service_pb";
import type { Task } from "@stem/proto/stem/v1/task_pb";
import { EnqueueTasksRequestSchema, TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { type Broadcaster, createBroadcaster } from "./broadcast.ts";
import { cancelTask } from "./cancel-task.ts";
import type { Clock } from "./clock.ts";
import { encodedTasks } from "./encoded-tasks.ts";
import { explanationFromProto, type TaskExplanation } from "./explanation.ts";
import type { ServerMoves } from "./failover/servers.ts";
import type { CancelRequest, CancelVerdict } from "./handle.ts";
import type { SendTasks } from "./publisher.ts";
import { TaskStreams } from "./task-stream.ts";
import { outcomeOf } from "./verdicts.ts";
import { createWatchCalls, type WatchCalls } from "./watch-calls.ts";

/** The calls of a producer, one try each; they throw what the transport throws. */
export type TaskCalls = WatchCalls & {
  readonly send: SendTasks;
  readonly read: (taskId: string) => Promise<Task>;
  readonly cancel: (taskId: string, request: CancelRequest) => Promise<CancelVerdict>;
  readonly explain: (taskId: string) => Promise<TaskExplanation>;
  /** What broadcasts, its calls made and repeated by `repeat`. */
  readonly broadcasterOf: (repeat: <T>(call: () => Promise<T>) => Promise<T>) => Broadcaster["broadcast"];
  /** Nothing more is sent; what is under way still gets its answer. */
  readonly end: () => void;
};

/** Where the calls go: waiting has a connection of its own, because open streams would count against everything else. */
export type TaskTransports = {
  readonly calls: Transport;
  readonly waits: Transport;
  /** What is told of the servers, where there are several. */
  readonly moves?: ServerMoves | undefined;
};

/** The server gives a call this long; beyond it nobody is listening. */
export const callMsMax = 30_000;

// Long enough for a busy moment to follow another on the same stream, short enough for a script to end.
const idleMsMax = 5000;

/** Binds the generated services to one namespace; undefined: the server's default. */
export function createTaskCalls(
  transports: TaskTransports,
  namespace: string | undefined,
  clock: Clock,
): TaskCalls {
  const tasks = createClient(TaskService, transports.calls);
  const admin = createClient(TaskAdminService, transports.calls);
  const inNamespace = namespace === undefined ? {} : { namespace };
  const timed = { timeoutMs: callMsMax };
  const streams = new TaskStreams({
    open: (frames, signal) => tasks.streamTasks(frames, { signal }),
    clock,
    namespace,
    answerMsMax: callMsMax,
    idleMsMax,
  });
  transports.moves?.onMove(() => streams.renew());
  return {
    ...createWatchCalls(transports.waits, inNamespace),
    async send(batch, atomic) {
      if (!atomic) return streams.send(batch);
      const request = create(EnqueueTasksRequestSchema, { ...inNamespace, atomic });
      request.$unknown = [encodedTasks(EnqueueTasksRequestSchema.field.tasks.number, batch)];
      return (await tasks.enqueueTasks(request, timed)).verdicts.map(outcomeOf);
    },
    async read(taskId) {
      const { task } = await tasks.getTask({ ...inNamespace, taskId }, timed);
      if (task === undefined) throw new Error("the server answered without the task");
      return task;
    },
    cancel: (taskId, { reason = "", descendants = false }) =>
      cancelTask({ ...inNamespace, taskId, reason, withDescendants: descendants }, (request) =>
        admin.cancelTask(request, timed),
      ),
    explain: async (taskId) =>
      explanationFromProto(await admin.explainTask({ ...inNamespace, taskId }, timed)),
    broadcasterOf: (repeat) => createBroadcaster(transports.calls, namespace, repeat),
    end: () => streams.end(),
  };
}
