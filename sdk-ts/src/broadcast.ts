import { fromBinary } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import { BroadcastDelivery, BroadcastService } from "@stem/proto/stem/v1/broadcast_service_pb";
import { type NewTask, NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { jsonCodec } from "./codec/json.ts";
import type { AnyTask, ArgsShape, TaskDefinition } from "./define-task.ts";
import { outgoingTask } from "./new-task.ts";
import { duration } from "./run-options.ts";
import type { EnqueueOptions } from "./task-options.ts";
import { type TaskStatus, taskStatusFromProto } from "./task-status.ts";

/** What a broadcast says beyond its arguments. It has a channel in place of a queue, and is given out at once. */
export type BroadcastOptions = Omit<EnqueueOptions, "queue" | "routingKey" | "delayMs" | "notBefore"> & {
  /** How long workers that come later still get it, and what waits may wait; up to 30 days. Default: the channel's, else 24 h. */
  readonly expiresMs?: number;
  /** at-most-once: neither a failure nor a lost worker hands it out again. Default: the channel's, else at-least-once. */
  readonly delivery?: "at-least-once" | "at-most-once";
};

/** What became of a broadcast at one worker: the worker's own task. */
export type BroadcastOutcome = { readonly worker: string; readonly status: TaskStatus };

/** A broadcast that was published. */
export type PublishedBroadcast = {
  /** Its id: the task's. */
  readonly id: string;
  /** True when an earlier call had published the same. */
  readonly deduplicated: boolean;
  /** How many workers listened when it was published. */
  readonly listeners: number;
  /** What has become of it by now, at every worker that got it. */
  outcomes(): Promise<readonly BroadcastOutcome[]>;
  /** Ends it: what waits is cancelled, nobody gets it any more, and what runs goes on. */
  end(): Promise<{ readonly cancelled: number; readonly running: number }>;
};

/** What follows the task in a call: its arguments, which may be left out where none are needed, and options. */
export type BroadcastArgs<Args> = Args extends readonly unknown[]
  ? [] extends Args
    ? [args?: Args, options?: BroadcastOptions]
    : [args: Args, options?: BroadcastOptions]
  : [args: Args, options?: BroadcastOptions];

/** Whatever can broadcast. */
export interface Broadcaster {
  /**
   * Publishes a task on a channel: every worker that listens runs it once, and so does who comes before it expires.
   * `broadcast("config", reload)`. Resolves when it is stored. Rejects with StemProblem, SchemaMismatchError.
   */
  broadcast<Args extends ArgsShape>(
    channel: string,
    task: TaskDefinition<Args, unknown, unknown, unknown>,
    ...rest: BroadcastArgs<NoInfer<Args>>
  ): Promise<PublishedBroadcast>;
}

/** Calls once, or again while the outcome is unknown. */
type Repeat = <T>(call: () => Promise<T>) => Promise<T>;

const callMsMax = 30_000;
const pageSize = 1000;

const deliveries = {
  "at-least-once": BroadcastDelivery.AT_LEAST_ONCE,
  "at-most-once": BroadcastDelivery.AT_MOST_ONCE,
} as const;

/** Makes what publishes, in one namespace; undefined: the server's default. */
export function createBroadcaster(
  transport: Transport,
  namespace: string | undefined,
  repeat: Repeat,
): Broadcaster["broadcast"] {
  const service = createClient(BroadcastService, transport);
  const where = namespace === undefined ? {} : { namespace };
  const timed = { timeoutMs: callMsMax };

  async function outcomes(broadcastId: string): Promise<readonly BroadcastOutcome[]> {
    const found: BroadcastOutcome[] = [];
    let pageToken = "";
    do {
      const page = { ...where, broadcastId, pageSize, pageToken };
      const answer = await repeat(() => service.getBroadcast(page, timed));
      for (const { worker, task } of answer.outcomes)
        if (task) found.push({ worker, status: taskStatusFromProto(task, jsonCodec) });
      pageToken = answer.nextPageToken;
    } while (pageToken !== "");
    return found;
  }

  return async (channel, task, ...rest) => {
    const [args = [], options = {}] = rest as [args?: ArgsShape, options?: BroadcastOptions];
    const { expiresMs, delivery, ...called } = options;
    const { id, message } = await outgoingTask({ task: task as AnyTask, args, options: called });
    const expiresAfter = duration("expiresMs", expiresMs);
    const request = {
      ...where,
      channel,
      task: withoutPlace(fromBinary(NewTaskSchema, message)),
      ...(expiresAfter && { expiresAfter }),
      ...(delivery && { delivery: deliveries[delivery] }),
    };
    const { deduplicated, listenerCount } = await repeat(() => service.publishBroadcast(request, timed));
    return {
      ...{ id, deduplicated, listeners: listenerCount },
      outcomes: () => outcomes(id),
      async end() {
        const ended = await repeat(() => service.deleteBroadcast({ ...where, broadcastId: id }, timed));
        return { cancelled: ended.cancelledCount, running: ended.runningCount };
      },
    };
  };
}

/** A definition may say where and when its tasks wait; a broadcast goes elsewhere, and at once. */
function withoutPlace(task: NewTask): NewTask {
  delete task.queue;
  delete task.routingKey;
  if (task.options) task.options.start = { case: undefined };
  return task;
}
