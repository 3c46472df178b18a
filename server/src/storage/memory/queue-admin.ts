import { refusalToMake } from "../../model/admission.ts";
import type { Instant, Namespace, QueueName, QueueRef } from "../../model/ids.ts";
import { areSameSettings, type QueueSettings } from "../../model/queue.ts";
import type {
  CreateQueueVerdict,
  DeleteQueueVerdict,
  QueueAdminStore,
} from "../../ports/queue-admin-store.ts";
import type { QueueEntry } from "./entry.ts";
import { findQueue } from "./queues.ts";
import { backlogOf, queueAt, spaceRoom } from "./rooms.ts";
import { makeQueue } from "./space.ts";
import { type State, spaceOf } from "./state.ts";

/** Queues made, changed and deleted by operators. */
export const createQueueAdminStore = (
  state: State,
  call: <T>(verb: () => T) => Promise<T>,
): QueueAdminStore => ({
  createQueue: (ref, settings, now) => call(() => createQueue(state, ref, settings, now)),
  updateQueue: (ref, settings, revision) => call(() => updateQueue(state, ref, settings, revision)),
  deleteQueue: (ref, force, now) => call(() => deleteQueue(state, ref, force, now)),
  leavingQueues: (limit) => call(() => leavingQueues(state, limit)),
  forgetQueues: (before, limit) => call(() => forgetQueues(state, before, limit)),
  missingQueue: (namespace, queues) => call(() => missingQueue(state, namespace, queues)),
});

function createQueue(
  state: State,
  { namespace, queue: name }: QueueRef,
  settings: QueueSettings,
  now: Instant,
): CreateQueueVerdict {
  const space = spaceOf(state, namespace);
  const found = queueAt(space, name);
  if (found?.life === "deleting") return { refused: "queue_deleting", max: undefined };
  if (found !== undefined) return areSameSettings(found.settings, settings) ? "same" : "other";
  // An operator makes it, so it may be made.
  const room = { ...spaceRoom(state, space), queueCreation: "on_use" as const };
  const refusal = refusalToMake(room, name);
  if (refusal !== undefined) return refusal;
  makeQueue(space, name, now).settings = settings;
  return "created";
}

function updateQueue(
  state: State,
  ref: QueueRef,
  settings: QueueSettings,
  revision: number,
): "done" | "conflict" | "unknown" {
  const queue = findQueue(state, ref);
  if (queue === undefined) return "unknown";
  if (queue.revision !== revision || queue.life !== "there") return "conflict";
  queue.settings = settings;
  queue.revision += 1;
  return "done";
}

function deleteQueue(state: State, ref: QueueRef, force: boolean, now: Instant): DeleteQueueVerdict {
  const queue = findQueue(state, ref);
  if (queue === undefined) return { kind: "unknown" };
  const { depth } = queue;
  const backlog = backlogOf(depth);
  if (!force && (backlog > 0 || depth.failed > 0)) return { kind: "in_use", backlog, failed: depth.failed };
  if (backlog > 0) {
    queue.life = "deleting";
    return { kind: "deleting", leased: depth.leased };
  }
  queue.life = "deleted";
  delete queue.events;
  queue.leftAt = now;
  queue.pause = undefined;
  queue.turns.clear();
  return { kind: "deleted" };
}

const leavingQueues = ({ spaces }: State, limit: number): readonly QueueRef[] =>
  spaces
    .entries()
    .flatMap(([namespace, { queues }]) =>
      queues
        .values()
        .filter(({ life }) => life === "deleting")
        .map(({ name }) => ({ namespace, queue: name })),
    )
    .take(limit)
    .toArray();

function forgetQueues({ spaces }: State, before: Instant, limit: number): number {
  let gone = 0;
  for (const { queues } of spaces.values())
    for (const queue of queues.values()) {
      if (gone >= limit) return gone;
      if (!isForgettable(queue, before)) continue;
      queues.delete(queue.name);
      gone += 1;
    }
  return gone;
}

const isForgettable = ({ life, leftAt, depth }: QueueEntry, before: Instant): boolean =>
  life === "deleted" &&
  leftAt !== undefined &&
  leftAt <= before &&
  Object.values(depth).every((count) => count === 0);

const missingQueue = (
  { spaces }: State,
  namespace: Namespace,
  queues: readonly QueueName[],
): QueueName | undefined => queues.find((name) => queueAt(spaces.get(namespace), name)?.life !== "there");
