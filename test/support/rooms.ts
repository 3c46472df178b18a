import { createBackend } from "../../server/src/backend/backend.ts";
import { createLimits, type EnqueueVerdict } from "../../server/src/broker/broker.ts";
import { createLocks } from "../../server/src/locks/locks.ts";
import {
  defaultNamespace,
  type QueueRef,
  queueNameOf,
  type TaskRef,
  taskIdOf,
} from "../../server/src/model/ids.ts";
import { type Defaults, defaults, type Limits, limits } from "../../server/src/model/limits.ts";
import type { QueueCreation } from "../../server/src/model/namespace.ts";
import type { Task } from "../../server/src/model/task.ts";
import { openNamespaces } from "../../server/src/namespaces/namespaces.ts";
import type { Store } from "../../server/src/ports/store.ts";
import { openRouting } from "../../server/src/routing/routing.ts";
import { createMemoryStore } from "../../server/src/storage/memory/memory.ts";
import { startUpkeep } from "../../server/src/upkeep/upkeep.ts";
import { openBrokerRoom } from "./broker-room.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import { createRecordingLog } from "./recording-log.ts";
import { connectWorker, type WorkerWish } from "./scripted-worker.ts";
import { createSeededRandom } from "./seeded-random.ts";
import { type SubmissionWish, submissionOf } from "./submission.ts";

/** What a test wants otherwise than a server has it. */
export type RoomsWish = {
  readonly clock?: ManualClock;
  /** A store that is open already; the rooms leave it open. */
  readonly store?: Store;
  readonly limits?: Partial<Limits>;
  readonly defaults?: Partial<Defaults>;
  readonly seed?: number;
  readonly namespaces?: readonly string[];
  readonly queueCreation?: QueueCreation;
};

/** The middle of a server without an edge: broker, backend and upkeep on a memory store, under a clock that stands still. */
export type Rooms = Awaited<ReturnType<typeof openRooms>>;

/** Opens the rooms. */
export async function openRooms(wish: RoomsWish = {}) {
  const clock = wish.clock ?? createManualClock();
  const random = createSeededRandom(wish.seed ?? 1);
  const log = createRecordingLog();
  const bounds: Limits = { ...limits, ...wish.limits };
  const usual: Defaults = { ...defaults, ...wish.defaults };
  const store = wish.store ?? createMemoryStore({ limits: bounds });
  const backend = createBackend({ store, clock, limits: bounds });
  const own = { store, clock, random, log, limits: bounds, defaults: usual };
  const deps = { ...own, hints: backend.hints };
  const namespaces = await openNamespaces({
    ...{ ...deps, configured: wish.namespaces ?? [defaultNamespace] },
    ...{ queueCreation: wish.queueCreation ?? "on_use", isMadeOnUse: false },
    onMade: (name) => routing.holdLimits(name),
  });
  const routing = await openRouting({
    ...{ ...deps, namespaces: namespaces.names(), isAlive: namespaces.isAlive },
    limitVerbs: createLimits(deps),
  });
  const { broker, canvases, schedules, hints } = await openBrokerRoom({ ...deps, routing, namespaces });
  const locks = createLocks(deps);
  const { queueHints, leaveNamespace } = broker;
  const { tidy: tidyCanvases } = canvases;
  const upkeep = startUpkeep({
    ...{ ...deps, hints, queueHints, namespaces, leaveNamespace, tidyCanvases, schedules },
  });
  await clock.advance(0);

  const read = async (id: string): Promise<Task> => (await backend.get(taskRefOf(id))).task;
  return {
    ...{ clock, random, log, store, backend, broker, routing, canvases, schedules, namespaces, locks },
    ...{ limits: bounds, defaults: usual, read },
    /** Enqueues tasks that are all taken; answers their ids. */
    async enqueue(...wishes: readonly SubmissionWish[]): Promise<string[]> {
      const verdicts = await broker.enqueue(defaultNamespace, wishes.map(submissionOf), false);
      return verdicts.map(storedId);
    },
    /** A worker on a stream of its own, with credit for 100 tasks unless it wishes otherwise. */
    worker: (worker?: WorkerWish) => connectWorker(broker, worker),
    async close(): Promise<void> {
      broker.drain();
      await Promise.all([upkeep.stop(), broker.close()]);
      if (wish.store === undefined) await store.close();
    },
  };
}

/** A task of the default namespace. */
export const taskRefOf = (id: string): TaskRef => ({ namespace: defaultNamespace, id: taskIdOf(id) });

/** A queue of the default namespace. */
export const queueRefOf = (queue: string = defaults.queue): QueueRef => ({
  namespace: defaultNamespace,
  queue: queueNameOf(queue),
});

function storedId(verdict: EnqueueVerdict): string {
  if (verdict.kind !== "stored") throw new Error(`a task was not stored: ${JSON.stringify(verdict)}`);
  return verdict.taskId;
}
