import type { QueueRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import type { Queue, QueueSettings } from "../model/queue.ts";
import { throwRefusal } from "../model/refusal.ts";
import type { Clock } from "../ports/clock.ts";
import type { QueueAdminStore } from "../ports/queue-admin-store.ts";
import type { QueueStore } from "../ports/queue-store.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { Routing } from "../routing/routing.ts";

/** How operators make, change and delete queues. */
export type QueueAdmin = {
  /** Makes a queue, unless it is there with the same settings. QUEUE_EXISTS, QUEUE_CLOSED, QUEUE_LIMIT_REACHED. */
  createQueue(
    ref: QueueRef,
    settings: QueueSettings,
  ): Promise<{ readonly queue: Queue; readonly created: boolean }>;
  /** Changes settings, at that revision or at any. QUEUE_UNKNOWN, QUEUE_CLOSED while it is being deleted, REVISION_CONFLICT. */
  updateQueue(ref: QueueRef, change: QueueChange): Promise<Queue>;
  /** Deletes a queue. QUEUE_UNKNOWN, QUEUE_IN_USE. */
  deleteQueue(ref: QueueRef, force: boolean): Promise<DeletedQueue>;
};

/** What is to become of settings; `revision` undefined: at any. */
export type QueueChange = {
  readonly revision: number | undefined;
  readonly apply: (settings: QueueSettings) => QueueSettings;
};

/** How many tasks were cancelled, and how many workers have yet. */
export type DeletedQueue = { readonly cancelled: number; readonly leased: number };

/** What that needs. */
export type QueueAdminDeps = {
  readonly store: QueueAdminStore & Pick<QueueStore, "getQueue" | "purge">;
  readonly clock: Clock;
  readonly limits: Pick<Limits, "batchTasksMax">;
  readonly routing: Pick<Routing, "usesOf">;
  /** The backend's: who is told that tasks changed. */
  readonly hints: Pick<TaskHints, "manyChanged">;
};

/** Whoever loses against others so often is told so. */
const triesMax = 5;

/** Makes the part of the broker that keeps queues. */
export function createQueueAdmin(deps: QueueAdminDeps): QueueAdmin {
  const { store, clock, routing } = deps;

  async function getQueue(ref: QueueRef): Promise<Queue> {
    const queue = await store.getQueue(ref);
    if (queue === undefined) throw new StemProblem({ reason: "QUEUE_UNKNOWN", queue: ref.queue });
    return queue;
  }

  return {
    async createQueue(ref, settings) {
      const verdict = await store.createQueue(ref, settings, clock.now());
      throwRefusal(verdict, ref);
      if (verdict === "other") throw new StemProblem({ reason: "QUEUE_EXISTS", queue: ref.queue });
      return { queue: await getQueue(ref), created: verdict === "created" };
    },
    async updateQueue(ref, { revision: expected, apply }) {
      let seen = 0;
      for (let tries = 0; tries < triesMax; tries++) {
        const { revision, settings, isDeleting } = await getQueue(ref);
        if (isDeleting)
          throw new StemProblem({ reason: "QUEUE_CLOSED", queue: ref.queue, state: "deleting" });
        if (expected !== undefined && expected !== revision) throw conflict(ref, revision);
        seen = revision;
        if ((await store.updateQueue(ref, apply(settings), revision)) === "done") return getQueue(ref);
      }
      throw conflict(ref, seen);
    },
    async deleteQueue(ref, force) {
      const routes = routing.usesOf(ref.namespace, ref.queue);
      if (routes.length > 0) {
        await getQueue(ref);
        throw inUse(ref, { backlog: 0, failed: 0, routes });
      }
      const verdict = await store.deleteQueue(ref, force, clock.now());
      if (verdict.kind === "unknown") throw new StemProblem({ reason: "QUEUE_UNKNOWN", queue: ref.queue });
      if (verdict.kind === "in_use") throw inUse(ref, { ...verdict, routes });
      if (verdict.kind === "deleted") return { cancelled: 0, leased: 0 };
      const emptied = await emptyQueue(deps, ref);
      if (emptied.cancelled > 0) deps.hints.manyChanged(ref.namespace);
      return emptied;
    },
  };
}

/** Cancels what waits in a queue that is being deleted, and ends it if that was all. In pieces, for others want the store, too. */
export async function emptyQueue(
  { store, clock, limits }: Pick<QueueAdminDeps, "store" | "clock" | "limits">,
  ref: QueueRef,
): Promise<DeletedQueue> {
  let cancelled = 0;
  for (;;) {
    const gone = await store.purge(ref, Number.MAX_SAFE_INTEGER, clock.now(), limits.batchTasksMax);
    cancelled += gone;
    if (gone === 0) break;
  }
  const verdict = await store.deleteQueue(ref, true, clock.now());
  return { cancelled, leased: verdict.kind === "deleting" ? verdict.leased : 0 };
}

type Uses = { readonly backlog: number; readonly failed: number; readonly routes: readonly string[] };

const inUse = ({ queue }: QueueRef, { backlog, failed, routes }: Uses): StemProblem =>
  new StemProblem({ reason: "QUEUE_IN_USE", queue, backlog, failed, routes });

const conflict = ({ queue }: QueueRef, revision: number): StemProblem =>
  new StemProblem({ reason: "REVISION_CONFLICT", queue, revision });
