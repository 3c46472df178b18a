import { durationFromMs, durationMs, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import type { QueuePause as ProtoPause, Queue as ProtoQueue } from "@stem/proto/stem/v1/queue_pb";
import { QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import type { OperatorCalls } from "./operator-calls.ts";
import type { TaskState } from "./task-state.ts";

/** Why a queue, or the tasks of a name or a key, are not handed out for now. */
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
  readonly settings: QueueSettings;
  /** Rises with every change of its settings; 1 when it came into being. */
  readonly revision: number;
  /** Whether it was deleted, and waits for its last tasks to end. */
  readonly isDeleting: boolean;
};

/** How many ready tasks of a queue have a priority; `isMore`: they were not counted to the end. */
export type PriorityDepth = { readonly priority: number; readonly ready: number; readonly isMore: boolean };

/** What operators say of a queue. */
export type QueueSettings = {
  /** What it is for. Default: nothing. */
  readonly description: string;
  /** How many tasks that have not ended may be in it, 1 or more; undefined: any number. Default: any number. */
  readonly backlogMax: number | undefined;
  /** Whether it takes nothing new. Default: false. */
  readonly isClosed: boolean;
};

/** What was given up with a queue. */
export type DeletedQueue = {
  /** How many tasks were cancelled because they waited in it. */
  readonly cancelled: number;
  /** How many tasks workers have yet; it is gone when they have ended. */
  readonly leased: number;
};

/** How a queue, a name or a key is paused. */
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
  /** One, with how many are ready of each priority. QUEUE_UNKNOWN where there is none. */
  get(queue: string): Promise<QueueStatus & { readonly readyByPriority: readonly PriorityDepth[] }>;
  /** Stops handing out its tasks, at once, on every worker and over restarts. What runs goes on. */
  pause(queue: string, options?: PauseOptions): Promise<QueueStatus>;
  /** Hands out its tasks again. */
  resume(queue: string): Promise<QueueStatus>;
  /** Cancels all that waits in it; PURGE_UNCONFIRMED unless that many wait now, or it is said to be "any". Answers how many. */
  purge(queue: string, expected: number | "any"): Promise<number>;
  /** Makes a queue; harmless where it is there with the same settings, else QUEUE_EXISTS. */
  create(queue: string, settings?: Partial<QueueSettings>): Promise<QueueStatus>;
  /** Changes the settings that are given, `undefined` included; with `revision`, only at that: REVISION_CONFLICT. */
  update(
    queue: string,
    settings: Partial<QueueSettings>,
    options?: { readonly revision?: number },
  ): Promise<QueueStatus>;
  /**
   * Deletes a queue; QUEUE_IN_USE while tasks are in it that have not ended or that failed, unless forced, and where the routing names it.
   * With `force`, what waits is cancelled, and what workers have may end.
   */
  delete(queue: string, options?: { readonly force?: boolean }): Promise<DeletedQueue>;
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
    async get(queue) {
      const answer = await call(() => service.getQueue({ ...inNamespace, queue }, timed));
      const readyByPriority = answer.readyByPriority.map(({ priority, ready, more }) => ({
        ...{ priority, ready: Number(ready), isMore: more },
      }));
      return { ...statusOf(answer), readyByPriority };
    },
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
    async create(queue, settings = {}) {
      const asked = { ...inNamespace, queue, settings: settingsToProto(settings) };
      return statusOf(await call(() => service.createQueue(asked, timed)));
    },
    async update(queue, settings, { revision } = {}) {
      const updateMask = { paths: Object.keys(settings).map((key) => maskPaths[key as keyof QueueSettings]) };
      const expected = revision === undefined ? {} : { expectedRevision: BigInt(revision) };
      const asked = { ...inNamespace, queue, settings: settingsToProto(settings), updateMask, ...expected };
      return statusOf(await call(() => service.updateQueue(asked, timed)));
    },
    async delete(queue, { force = false } = {}) {
      const answer = await call(() => service.deleteQueue({ ...inNamespace, queue, force }, timed));
      return { cancelled: Number(answer.cancelledCount), leased: Number(answer.leasedCount) };
    },
  };
}

const maskPaths: { readonly [K in keyof QueueSettings]: string } = {
  description: "description",
  backlogMax: "backlog_max",
  isClosed: "closed",
};

const settingsToProto = ({ description, backlogMax, isClosed }: Partial<QueueSettings>) => ({
  ...(description !== undefined && { description }),
  ...(backlogMax !== undefined && { backlogMax: BigInt(backlogMax) }),
  ...(isClosed !== undefined && { closed: isClosed }),
});

/** What a request says of a pause. */
export const pauseToProto = ({ reason = "", requester = "", resumeAfterMs, resumeAt }: PauseOptions) => ({
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

function queueFromProto(queue: ProtoQueue): QueueStatus {
  const { name, depth, oldestReadyAge, pause, createTime, settings, revision, deleting } = queue;
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
    settings: {
      description: settings?.description ?? "",
      backlogMax: settings?.backlogMax === undefined ? undefined : Number(settings.backlogMax),
      isClosed: settings?.closed ?? false,
    },
    revision: Number(revision),
    isDeleting: deleting,
  };
}

/** A pause from its message. */
export const pauseFromProto = ({ reason, pausedBy, pauseTime, resumeTime }: ProtoPause): QueuePause => ({
  reason,
  by: pausedBy || undefined,
  pausedAt: pauseTime && timestampDate(pauseTime),
  resumesAt: resumeTime && timestampDate(resumeTime),
});
