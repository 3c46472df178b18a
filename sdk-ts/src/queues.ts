import { durationFromMs, durationMs, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import type { QueuePause as ProtoPause, Queue as ProtoQueue } from "@stem/proto/stem/v1/queue_pb";
import { QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import type { OperatorCalls } from "./operator-calls.ts";
import type { TaskState } from "./task-state.ts";

/** A queue that hands out nothing for now. */
export type QueuePause = {
  readonly reason: string;
  /** Who paused it, as far as they said so. */
  readonly by: string | undefined;
  readonly pausedAt: Date | undefined;
  /** When it goes on by itself; undefined: when somebody resumes it. */
  readonly resumesAt: Date | undefined;
};

/** A queue and what is in it, at one moment. */
export type QueueStatus = {
  readonly name: string;
  /** How many tasks are in it, by state. */
  readonly depth: Readonly<Record<TaskState, number>>;
  /** How long the oldest ready task has been waiting; undefined when none is ready. */
  readonly oldestReadyMs: number | undefined;
  /** Set while it is paused. */
  readonly pause: QueuePause | undefined;
  readonly createdAt: Date | undefined;
};

/** How a queue is paused. */
export type PauseOptions = {
  /** Why, for those who wonder. */
  readonly reason?: string;
  /** Who pauses it, for those who wonder. */
  readonly requester?: string;
  /** It goes on by itself this long from now. Default: when somebody resumes it. */
  readonly resumeAfterMs?: number;
  /** It goes on by itself at this instant. Wins over `resumeAfterMs`. */
  readonly resumeAt?: Date;
};

/** What operators do to queues. */
export interface Queues {
  /** All queues by name, read page by page as they are asked for. */
  list(): AsyncIterable<QueueStatus>;
  /** QUEUE_UNKNOWN where there is none. */
  get(queue: string): Promise<QueueStatus>;
  /** Stops handing out its tasks, at once, on every worker and over restarts. What runs goes on. */
  pause(queue: string, options?: PauseOptions): Promise<QueueStatus>;
  /** Hands out its tasks again. */
  resume(queue: string): Promise<QueueStatus>;
  /** Cancels all that waits in it; PURGE_UNCONFIRMED unless that many wait now, or it is said to be "any". Answers how many. */
  purge(queue: string, expected: number | "any"): Promise<number>;
}

const pageSize = 100;

/** Makes them over one connection. */
export function createQueues({ transport, inNamespace, timed, call }: OperatorCalls): Queues {
  const service = createClient(QueueService, transport);
  return {
    async *list() {
      let pageToken = "";
      do {
        const page = await call(() => service.listQueues({ ...inNamespace, pageSize, pageToken }, timed));
        for (const queue of page.queues) yield queueFromProto(queue);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
    },
    get: async (queue) => statusOf(await call(() => service.getQueue({ ...inNamespace, queue }, timed))),
    pause: async (queue, options = {}) =>
      statusOf(
        await call(() => service.pauseQueue({ ...inNamespace, queue, ...pauseToProto(options) }, timed)),
      ),
    resume: async (queue) =>
      statusOf(await call(() => service.resumeQueue({ ...inNamespace, queue }, timed))),
    async purge(queue, expected) {
      const confirmation =
        expected === "any"
          ? ({ case: "anyCount", value: true } as const)
          : ({ case: "expectedCount", value: BigInt(expected) } as const);
      const answer = await call(() => service.purgeQueue({ ...inNamespace, queue, confirmation }, timed));
      return Number(answer.purgedCount);
    },
  };
}

const pauseToProto = ({ reason = "", requester = "", resumeAfterMs, resumeAt }: PauseOptions) => ({
  ...{ reason, requester },
  ...(resumeAfterMs !== undefined && {
    resume: { case: "resumeAfter" as const, value: durationFromMs(resumeAfterMs) },
  }),
  ...(resumeAt && { resume: { case: "resumeTime" as const, value: timestampFromDate(resumeAt) } }),
});

function statusOf({ queue }: { readonly queue?: ProtoQueue | undefined }): QueueStatus {
  if (queue === undefined) throw new Error("the server answered without the queue");
  return queueFromProto(queue);
}

function queueFromProto({ name, depth, oldestReadyAge, pause, createTime }: ProtoQueue): QueueStatus {
  return {
    name,
    depth: {
      scheduled: Number(depth?.scheduled ?? 0),
      ready: Number(depth?.ready ?? 0),
      leased: Number(depth?.leased ?? 0),
      succeeded: Number(depth?.succeeded ?? 0),
      failed: Number(depth?.failed ?? 0),
      cancelled: Number(depth?.cancelled ?? 0),
      expired: Number(depth?.expired ?? 0),
    },
    oldestReadyMs: oldestReadyAge && durationMs(oldestReadyAge),
    pause: pause && pauseFromProto(pause),
    createdAt: createTime && timestampDate(createTime),
  };
}

/** A pause from its message. */
export const pauseFromProto = ({ reason, pausedBy, pauseTime, resumeTime }: ProtoPause): QueuePause => ({
  reason,
  by: pausedBy || undefined,
  pausedAt: pauseTime && timestampDate(pauseTime),
  resumesAt: resumeTime && timestampDate(resumeTime),
});
