import { isUnbounded, type QueueRoom, type SpaceRoom } from "../../model/admission.ts";
import type { Namespace } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { type QueueCreation, unsaidNamespace } from "../../model/namespace.ts";
import { int4s } from "./arrays.ts";
import type { Backlog } from "./backlog.ts";
import type { Ledger } from "./ledger.ts";
import { roomsLock } from "./locks-of-store.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Rules } from "./rules.ts";
import { type Session, statement } from "./session.ts";

/**
 * What bounds what comes in, in one transaction. Where a number does, whoever brings tasks into the namespace holds the lock of its rooms
 * until the commit, so that servers together let in no more than that; what ends meanwhile elsewhere may be counted still.
 */
export type Rooms = {
  /** Whether nothing can be in the way of tasks that come into a queue. */
  isOpen(queue: QueueEntry): boolean;
  /** Reads how much there is, before it is asked for what comes into these queues, or into new ones beside them. */
  load(queues: readonly QueueEntry[], spaces: readonly SpaceRef[]): Promise<void>;
  /** A namespace as whatever comes in finds it; how many queues it has is to be said where one may be made. */
  space(namespace: Namespace, queues?: number): SpaceRoom;
  /** A queue as whatever comes in finds it. */
  queue(queue: QueueEntry): QueueRoom;
};

/** A namespace, and its number. */
export type SpaceRef = { readonly name: Namespace; readonly id: number };

export type RoomParts = {
  readonly db: Session;
  readonly lockClass: number;
  readonly limits: Limits;
  readonly rules: Rules;
  readonly ledger: Ledger;
  readonly backlog: Backlog;
  /** How queues come into being where their namespace says nothing. */
  readonly queueCreation: QueueCreation;
};

const lock = statement(`
  SELECT pg_advisory_xact_lock($1::int4, ${roomsLock(0)} - space) FROM (
    SELECT DISTINCT space FROM unnest($2::int4[]) AS u(space) ORDER BY 1) spaces`);
const live = "coalesce(sum(d.scheduled + d.ready + d.leased), 0)::int8";
const selectSpaces = statement<[id: number, tasks: number, bytes: number]>(`
  SELECT u.id, (SELECT ${live} FROM queues q JOIN depths d ON d.queue = q.id WHERE q.namespace = u.id),
    (SELECT coalesce(sum(b.bytes), 0)::int8 FROM backlogs b WHERE b.namespace = u.id)
  FROM unnest($1::int4[]) AS u(id)`);
const selectQueues = statement<[id: number, tasks: number]>(
  `SELECT u.id, (SELECT ${live} FROM depths d WHERE d.queue = u.id) FROM unnest($1::int4[]) AS u(id)`,
);

/** Makes those of a transaction. */
export function createRooms(parts: RoomParts): Rooms {
  const { db, lockClass, limits, rules, ledger, backlog, queueCreation } = parts;
  const spaces = new Map<Namespace, { readonly tasks: number; readonly bytes: number }>();
  const queues = new Map<number, number>();

  const isCounted = (namespace: Namespace): boolean => {
    const { backlogTasks, backlogBytes } = quotasOf(namespace);
    return backlogTasks !== undefined || backlogBytes !== undefined;
  };
  const quotasOf = (namespace: Namespace) =>
    (rules.spaces.get(namespace)?.settings ?? unsaidNamespace).quotas;
  const backlogMaxOf = ({ id }: QueueEntry) => rules.queues.get(id)?.backlogMax;

  async function load(asked: readonly QueueEntry[], beside: readonly SpaceRef[]): Promise<void> {
    const of = asked.map(({ namespace, namespaceId }) => ({ name: namespace, id: namespaceId }));
    const counted = [...of, ...beside].filter(({ name }) => isCounted(name) && !spaces.has(name));
    const bounded = asked.filter((queue) => backlogMaxOf(queue) !== undefined && !queues.has(queue.id));
    if (counted.length + bounded.length === 0) return;
    const ids = [...new Set(counted.map(({ id }) => id))];
    const [, , all, own] = await Promise.all([
      db.rows(lock, lockClass, int4s([...ids, ...bounded.map(({ namespaceId }) => namespaceId)])),
      backlog.look(db),
      db.rows(selectSpaces, int4s(ids)),
      db.rows(selectQueues, int4s(bounded.map(({ id }) => id))),
    ]);
    const found = new Map(all.map(([id, tasks, bytes]) => [id, { tasks, bytes }]));
    for (const { name, id } of counted) spaces.set(name, found.get(id) ?? { tasks: 0, bytes: 0 });
    for (const [id, tasks] of own) queues.set(id, tasks);
  }

  return {
    isOpen(queue) {
      const record = rules.spaces.get(queue.namespace);
      const isFree =
        record === undefined || isUnbounded({ state: record.state, quotas: record.settings.quotas });
      return isFree && !rules.queues.has(queue.id);
    },
    load,
    space(namespace, queueCount = 0) {
      const record = rules.spaces.get(namespace);
      const { tasks = 0, bytes = 0 } = spaces.get(namespace) ?? {};
      return {
        state: record?.state ?? "active",
        quotas: quotasOf(namespace),
        queueCreation: record?.settings.queueCreation ?? queueCreation,
        queues: queueCount,
        queuesMax: limits.queuesPerNamespaceMax,
        backlogTasks: tasks + ledger.liveIn(namespace),
        backlogBytes: bytes + backlog.pending(namespace),
      };
    },
    queue(queue) {
      const { life = "there", isClosed = false, backlogMax } = rules.queues.get(queue.id) ?? {};
      return {
        life: life === "deleting" ? "deleting" : isClosed ? "closed" : "open",
        backlogMax,
        backlogTasks: (queues.get(queue.id) ?? 0) + ledger.liveOf(queue),
      };
    },
  };
}
