import { type Refusal, refusalToMake } from "../../model/admission.ts";
import type { Instant, Namespace, QueueName } from "../../model/ids.ts";
import { unsaidSettings } from "../../model/queue.ts";
import { FactPack } from "../sql/event-facts.ts";
import { queueLives } from "../sql/space-rows.ts";
import { createCounters } from "./counters.ts";
import { command, type Database, query } from "./files/connection.ts";
import { backlogOf, type QueueEntry, type SpaceEntry } from "./queue-entry.ts";
import { createSpaceRegistry, type SpaceRegistry } from "./space-registry.ts";

export type { QueueEntry } from "./queue-entry.ts";

/** All namespaces and queues. */
export type QueueRegistry = {
  readonly spaces: SpaceRegistry;
  /** The number of a namespace; undefined when nothing was ever stored in it. */
  namespaceId(namespace: Namespace): number | undefined;
  /** The number of a namespace, made when it is new. */
  makeNamespace(namespace: Namespace): number;
  /** A queue that was not deleted. */
  find(namespace: Namespace, name: QueueName): QueueEntry | undefined;
  byId(id: number): QueueEntry;
  /** Makes a queue that is not there, in the place of one that was deleted if there is a row of that. */
  make(namespace: Namespace, name: QueueName, now: Instant): QueueEntry;
  /** The queue of a name, made where it is not there and may be. */
  open(namespace: Namespace, name: QueueName, now: Instant): QueueEntry | Refusal;
  /** Forgets queues of which nothing is left. */
  remove(queues: readonly QueueEntry[]): void;
  /** Forgets all and reads it again, after a transaction was undone. */
  reload(): void;
};

type QueueRow = [
  id: number,
  namespace: Namespace,
  name: QueueName,
  pausedAt: number | null,
  description: string,
  backlogMax: number | null,
  closed: number,
  revision: number,
  life: number,
  ...depth: number[],
];

/** Reads the queues of a file. */
export function createQueueRegistry(db: Database, queuesMax: number): QueueRegistry {
  const spaces = createSpaceRegistry(db, queuesMax);
  const byId = new Map<number, QueueEntry>();
  const rows = createRows(db);

  function readQueues(): void {
    byId.clear();
    for (const row of query<QueueRow>(db, selectQueues).all()) {
      const [id, namespace, name, pausedAt, description, backlogMax, closed, revision, life, ...depth] = row;
      const settings = { description, backlogMax: backlogMax ?? undefined, isClosed: closed === 1 };
      const entry = { ...emptyEntry(id, spaces.make(namespace), name), isPaused: pausedAt !== null };
      register({ ...entry, settings, revision, life: queueLives.word(life), depth });
    }
  }

  function reload(): void {
    spaces.reload();
    readQueues();
  }

  function register(entry: QueueEntry): QueueEntry {
    const { space, life, depth } = entry;
    space.queues.set(entry.name, entry);
    byId.set(entry.id, entry);
    if (life !== "deleted") space.queueCount += 1;
    space.backlogTasks += backlogOf(depth);
    return entry;
  }

  function find(namespace: Namespace, name: QueueName): QueueEntry | undefined {
    const queue = spaces.find(namespace)?.queues.get(name);
    return queue?.life === "deleted" ? undefined : queue;
  }

  function make(namespace: Namespace, name: QueueName, now: Instant): QueueEntry {
    const space = spaces.make(namespace);
    const deleted = space.queues.get(name);
    if (deleted !== undefined) {
      rows.revive(deleted.id, now);
      space.queueCount += 1;
      return Object.assign(deleted, { ...asNew, turn: undefined });
    }
    return register(emptyEntry(rows.insert(space.id, name, now), space, name));
  }

  readQueues();
  return {
    spaces,
    namespaceId: (namespace) => spaces.find(namespace)?.id,
    makeNamespace: (namespace) => spaces.make(namespace).id,
    find,
    byId: (id) => {
      const entry = byId.get(id);
      if (entry === undefined) throw new RangeError(`no queue has the number ${id}`);
      return entry;
    },
    make,
    open(namespace, name, now) {
      const queue = find(namespace, name);
      if (queue !== undefined) return queue;
      const space = spaces.make(namespace);
      return refusalToMake(spaces.room(space), name) ?? make(namespace, name, now);
    },
    remove(queues) {
      rows.remove(queues.map(({ id }) => id));
      for (const { id, name, space } of queues) {
        space.queues.delete(name);
        byId.delete(id);
      }
    },
    reload,
  };
}

const selectQueues = `
  SELECT q.id, n.name, q.name, q.paused_at, q.description, q.backlog_max, q.closed, q.revision, q.life,
    q.scheduled, q.ready, q.leased, q.succeeded, q.failed, q.cancelled, q.expired
  FROM queues q JOIN namespaces n ON n.id = q.namespace`;

const stateCount = 7;

const asNew = { settings: unsaidSettings, revision: 1, life: "there" } as const;

const emptyEntry = (id: number, space: SpaceEntry, name: QueueName): QueueEntry => ({
  id,
  namespace: space.name,
  name,
  space,
  ...asNew,
  isPaused: false,
  hasTied: false,
  turn: undefined,
  depth: new Array<number>(stateCount).fill(0),
  moved: new Array<number>(stateCount).fill(0),
  facts: new FactPack(),
});

/** The rows of queues. A number that was given once is not given again: events of a queue that is gone may still bear it. */
function createRows(db: Database) {
  const counters = createCounters(db);
  const insert = query<[number]>(
    db,
    `INSERT INTO queues (id, namespace, name, created_at)
     SELECT max(coalesce(max(id), 0), ?) + 1, ?, ?, ? FROM queues RETURNING id`,
  );
  const revive = command(
    db,
    `UPDATE queues SET created_at = ?, description = '', backlog_max = NULL, closed = 0, revision = 1, life = 0, left_at = NULL,
       turn = NULL WHERE id = ?`,
  );
  const remove = command(db, "DELETE FROM queues WHERE id = ?");
  const highestGone = (): number => counters.get("queue_id") ?? 0;
  return {
    insert(space: number, name: QueueName, now: Instant): number {
      const [id] = insert.get(highestGone(), space, name, now) ?? [];
      if (id === undefined) throw new Error("a row that was inserted has no number");
      return id;
    },
    revive: (id: number, now: Instant) => revive(now, id),
    remove(ids: readonly number[]): void {
      counters.set("queue_id", Math.max(highestGone(), ...ids));
      for (const id of ids) remove(id);
    },
  };
}
