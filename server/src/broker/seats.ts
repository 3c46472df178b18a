/** Who listens on which channels now, and which inbox each listener has. */

import { createTurns } from "../lib/turns.ts";
import { beforeInboxes, inboxOf, isInbox, listenerTag, unfinished } from "../model/broadcast.ts";
import type { Bytes, Namespace, QueueName } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import type { Queue } from "../model/queue.ts";
import type { QueueStore } from "../ports/queue-store.ts";
import type { TaskStore } from "../ports/task-store.ts";

/** A worker that listens. */
export type Seat = {
  readonly namespace: Namespace;
  readonly worker: string;
  readonly channels: ReadonlySet<string>;
  /** Its inbox. */
  readonly queue: QueueName;
  /** Its session, once there is one: a stream that goes on with it takes its seat, too. */
  sessionId: Bytes | undefined;
  /** False when its stream is gone. */
  isTaken: boolean;
  /** How many commits are under way that put something into its inbox: until they are over nobody else may have it. */
  writes: number;
  /** Something that it should have got may be missing. */
  isBehind: boolean;
};

/** What somebody wants who listens. */
export type SeatWish = {
  readonly namespace: Namespace;
  readonly worker: string;
  readonly channels: readonly string[];
  /** The session that its stream goes on with. */
  readonly sessionId: Bytes | undefined;
};

/** All seats. */
export type Seats = {
  /**
   * Seats a worker. LISTENER_NAME_TAKEN while another one of its name listens; CONCURRENCY_LIMIT_REACHED when every inbox is in use.
   */
  take(wish: SeatWish): Promise<Seat>;
  leave(seat: Seat): void;
  /** Who listens now. */
  taken(): Iterable<Seat>;
};

/** What seats need. */
export type SeatsDeps = {
  readonly store: Pick<TaskStore & QueueStore, "list" | "listQueues">;
  readonly limits: Pick<Limits, "broadcastListenersMax">;
};

const pageSize = 1000;

/** Makes the register of listeners. Nothing of it is kept: an inbox with unfinished tasks tells itself whose it is. */
export function createSeats({ store, limits }: SeatsDeps): Seats {
  const seats = new Set<Seat>();
  // One after the other, so that no two get one inbox.
  const inTurn = createTurns();

  const holds = (seat: Seat): boolean => seat.isTaken || seat.writes > 0;

  function forgetEmpty(): void {
    for (const seat of seats) if (!holds(seat)) seats.delete(seat);
  }

  /** A stream that goes on with a session takes over from the one before. */
  function makeWay({ namespace, worker, sessionId }: SeatWish): void {
    for (const seat of seats) {
      if (!seat.isTaken || seat.namespace !== namespace || seat.worker !== worker) continue;
      const isSame =
        sessionId !== undefined && seat.sessionId !== undefined && !Buffer.compare(sessionId, seat.sessionId);
      if (!isSame) throw new StemProblem({ reason: "LISTENER_NAME_TAKEN", worker });
      seat.isTaken = false;
    }
  }

  /** Where its unfinished deliveries are, if it has any. */
  async function formerInbox({ namespace, worker }: SeatWish): Promise<QueueName | undefined> {
    const { tasks } = await store.list({
      ...{ namespace, states: unfinished, tag: listenerTag(worker), limit: 1, bytesMax: 0, full: false },
      ...{
        queue: undefined,
        name: undefined,
        createdFrom: undefined,
        createdTo: undefined,
        after: undefined,
      },
    });
    const queue = tasks[0]?.queue;
    return queue !== undefined && isInbox(queue) ? queue : undefined;
  }

  async function freeInbox(namespace: Namespace): Promise<QueueName> {
    const used = new Set<QueueName>();
    for (let after: QueueName | undefined = beforeInboxes; after !== undefined; ) {
      const page: readonly Queue[] = await store.listQueues(namespace, after, pageSize);
      for (const { name, depth } of page) if (unfinished.some((state) => depth[state] > 0)) used.add(name);
      after = page.length < pageSize ? undefined : page.at(-1)?.name;
    }
    for (const seat of seats) if (seat.namespace === namespace && holds(seat)) used.add(seat.queue);
    for (let slot = 1; slot <= limits.broadcastListenersMax; slot++)
      if (!used.has(inboxOf(slot))) return inboxOf(slot);
    const max = limits.broadcastListenersMax;
    throw new StemProblem({ reason: "CONCURRENCY_LIMIT_REACHED", limit: "broadcastListenersMax", max });
  }

  async function seat(wish: SeatWish): Promise<Seat> {
    makeWay(wish);
    const { namespace, worker, channels, sessionId } = wish;
    const own = [...seats].find(
      (each) => each.namespace === namespace && each.worker === worker && holds(each),
    );
    const queue = own?.queue ?? (await formerInbox(wish)) ?? (await freeInbox(namespace));
    const made: Seat = {
      ...{ namespace, worker, queue, sessionId },
      channels: new Set(channels),
      isTaken: true,
      writes: 0,
      isBehind: false,
    };
    forgetEmpty();
    seats.add(made);
    return made;
  }

  return {
    take: (wish) => inTurn(() => seat(wish)),
    leave(left) {
      left.isTaken = false;
      forgetEmpty();
    },
    taken: () => [...seats].filter(({ isTaken }) => isTaken),
  };
}
