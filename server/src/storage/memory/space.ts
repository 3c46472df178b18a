import type { Instant, QueueName, ScheduleId, TaskId } from "../../model/ids.ts";
import type { NamespaceRecord } from "../../model/namespace.ts";
import { unsaidSettings } from "../../model/queue.ts";
import type { Revocation } from "../../ports/admin-store.ts";
import { type Canvases, createCanvases } from "./canvases.ts";
import type { Backlog, Claim, Entry, QueueEntry, ScheduleEntry } from "./entry.ts";

/** What is remembered of a removed task. */
export type Tombstone = { readonly contentHash: string; readonly until: Instant };

/** One namespace. */
export type Space = {
  /** What operators said of it; undefined: nobody made it, and it obeys nothing. */
  record: NamespaceRecord | undefined;
  readonly backlog: Backlog;
  readonly tasks: Map<TaskId, Entry>;
  /** All tasks in the order of acceptance, and some that were removed meanwhile. */
  order: Entry[];
  /** Those that were deleted among them, as long as there are records of their tasks. */
  readonly queues: Map<QueueName, QueueEntry>;
  /** In the order in which they end. */
  readonly tombstones: Map<TaskId, Tombstone>;
  /** The newest claim of each unique key. */
  readonly claims: Map<string, Claim>;
  /** Ids that are cancelled when they come. */
  readonly revocations: Map<TaskId, Revocation>;
  readonly canvases: Canvases;
  readonly schedules: Map<ScheduleId, ScheduleEntry>;
};

/** A namespace in which there is nothing. */
export const createSpace = (): Space => ({
  ...{ record: undefined, backlog: { tasks: 0, bytes: 0 } },
  ...{ tasks: new Map(), order: [], queues: new Map() },
  ...{ tombstones: new Map(), claims: new Map(), revocations: new Map() },
  ...{ canvases: createCanvases(), schedules: new Map() },
});

/** Makes a queue that is not there, in the place of one that was deleted, if there is a record of that. */
export function makeQueue(space: Space, name: QueueName, createdAt: Instant): QueueEntry {
  const deleted = space.queues.get(name);
  if (deleted !== undefined) return Object.assign(deleted, { createdAt, ...asNew() });
  const depth = { scheduled: 0, ready: 0, leased: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 };
  const queue: QueueEntry = {
    ...{ name, createdAt, depth, priorities: new Map(), backlog: space.backlog, lanes: new Map() },
    ...asNew(),
  };
  space.queues.set(name, queue);
  return queue;
}

const asNew = () => ({
  ...{ settings: unsaidSettings, revision: 1, life: "there" as const, leftAt: undefined },
  ...{ pause: undefined, turn: undefined, turns: new Map<string, never>() },
});
