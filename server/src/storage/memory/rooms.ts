import {
  newQueue,
  type QueueRoom,
  type Refusal,
  refusalToEnter,
  refusalToMake,
  type SpaceRoom,
} from "../../model/admission.ts";
import type { Instant, QueueName } from "../../model/ids.ts";
import { unsaidNamespace } from "../../model/namespace.ts";
import type { QueueEntry } from "./entry.ts";
import { makeQueue, type Space } from "./space.ts";
import type { State } from "./state.ts";

/** A namespace as whatever comes in finds it. */
export function spaceRoom({ limits, queueCreation }: State, { record, queues, backlog }: Space): SpaceRoom {
  const { quotas, queueCreation: own } = record?.settings ?? unsaidNamespace;
  return {
    state: record?.state ?? "active",
    quotas,
    queueCreation: own ?? queueCreation,
    // Counted only where a queue is to be made.
    get queues() {
      return queueCount(queues);
    },
    queuesMax: limits.queuesPerNamespaceMax,
    backlogTasks: backlog.tasks,
    backlogBytes: backlog.bytes,
  };
}

/** A queue as whatever comes in finds it. */
export function queueRoom({ life, settings, depth }: QueueEntry): QueueRoom {
  return {
    life: life === "there" ? (settings.isClosed ? "closed" : "open") : "deleting",
    backlogMax: settings.backlogMax,
    backlogTasks: backlogOf(depth),
  };
}

/** How many tasks of a queue have not ended. */
export const backlogOf = ({ scheduled, ready, leased }: QueueEntry["depth"]): number =>
  scheduled + ready + leased;

/** The queue of a name, unless it is not there, or was deleted. */
export function queueAt(space: Space | undefined, name: QueueName): QueueEntry | undefined {
  const queue = space?.queues.get(name);
  return queue !== undefined && isThere(queue) ? queue : undefined;
}

/** The queue of a name, made where it is not there and may be. */
export function openQueue(state: State, space: Space, name: QueueName, now: Instant): QueueEntry | Refusal {
  const queue = queueAt(space, name);
  if (queue !== undefined) return queue;
  return refusalToMake(spaceRoom(state, space), name) ?? makeQueue(space, name, now);
}

/** The queue of a name, made where it may be, if it takes a task of so many bytes. */
export function enterQueue(
  state: State,
  space: Space,
  { name, bytes, now }: { readonly name: QueueName; readonly bytes: number; readonly now: Instant },
): QueueEntry | Refusal {
  const queue = queueAt(space, name);
  const room = spaceRoom(state, space);
  const refusal = queue === undefined ? refusalToMake(room, name) : undefined;
  const found = queue === undefined ? newQueue : queueRoom(queue);
  return refusal ?? refusalToEnter(room, found, { tasks: 1, bytes }) ?? queue ?? makeQueue(space, name, now);
}

/** The queue of a name, made where it is not there, for a task that was promised a place. */
export const promisedQueue: typeof enterQueue = (_state, space, { name, now }) =>
  queueAt(space, name) ?? makeQueue(space, name, now);

/** How many queues there are, those that were deleted left out. */
export const queueCount = (queues: Space["queues"]): number =>
  queues
    .values()
    .filter(isThere)
    .reduce((count) => count + 1, 0);

const isThere = ({ life }: QueueEntry): boolean => life !== "deleted";
