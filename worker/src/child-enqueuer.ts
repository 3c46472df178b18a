import type { TraceContext } from "@stem/proto/stem/v1/task_pb";
import type { Enqueuer, TaskCall } from "@stem/sdk";

type Trace = Pick<TraceContext, "traceparent" | "tracestate">;

/**
 * What a handler enqueues through: its tasks belong to its task's trace, unless they say otherwise. Nothing else of a task passes on to
 * its children: not its headers, tags, priority, limits or times.
 */
export const childEnqueuer = (enqueuer: Enqueuer, trace: Trace | undefined): Enqueuer =>
  trace === undefined
    ? enqueuer
    : {
        enqueue: ((task, args, options) =>
          enqueuer.enqueue(task, args as never, {
            trace,
            ...options,
          })) as LooseEnqueue as Enqueuer["enqueue"],
        enqueueMany: ((calls, options) =>
          enqueuer.enqueueMany(
            calls.map((call) => ({ ...call, options: { trace, ...call.options } })),
            options,
          )) as LooseEnqueueMany as Enqueuer["enqueueMany"],
      };

type Options = TaskCall["options"];
type LooseEnqueue = (task: TaskCall["task"], args: unknown, options: Options) => unknown;
type LooseEnqueueMany = (
  calls: readonly TaskCall[],
  options: Parameters<Enqueuer["enqueueMany"]>[1],
) => unknown;
