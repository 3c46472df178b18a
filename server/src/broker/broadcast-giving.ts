/** Who gets which broadcast. */

import {
  broadcastQueue,
  channelOf,
  channelTag,
  type Deliverable,
  deliveryIdOf,
  deliveryTask,
} from "../model/broadcast.ts";
import type { Namespace, TaskRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { NewTask, Task, TaskHead } from "../model/task.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { TaskStore } from "../ports/task-store.ts";
import type { Ending } from "./broadcast-ending.ts";
import { listTagged } from "./list-tagged.ts";
import type { Seat, Seats } from "./seats.ts";

/** Gives broadcasts to listeners. */
export type Giving = {
  /** Gives what was published to everybody who listens now. Whoever cannot be reached is caught up with. */
  fanOut(namespace: Namespace, broadcasts: readonly NewTask[]): Promise<void>;
  /** How many listen on a channel now. */
  listeners(namespace: Namespace, channel: string): number;
  /** Gives a listener what it has not got yet. */
  catchUp(seat: Seat): Promise<void>;
  /** Catches up with all who are behind. */
  catchUpAll(): Promise<void>;
};

/** What giving needs. */
export type GivingDeps = {
  readonly store: Pick<TaskStore, "list" | "read" | "readHeads">;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly log: Log;
  readonly seats: Pick<Seats, "taken">;
  readonly ending: Pick<Ending, "end">;
  /** Stores tasks that are complete, and tells whoever waits for them. */
  readonly enqueue: (tasks: readonly NewTask[]) => Promise<readonly { readonly kind: string }[]>;
};

/** Contents that are read at once, each perhaps as large as a payload may be. */
const contentsAtOnce = 8;
/** A channel's history is cut when it has grown by this share of what it may be. */
const trimShare = 0.1;
const countedChannelsMax = 10_000;

/** Makes what gives broadcasts out. */
export function createGiving(deps: GivingDeps): Giving {
  const { store, clock, limits, log, seats } = deps;
  const trim = createTrim(deps);

  const seated = (namespace: Namespace, channel: string): readonly Seat[] =>
    [...seats.taken()].filter((seat) => seat.namespace === namespace && seat.channels.has(channel));

  /** Puts deliveries into one inbox. */
  async function deliver(seat: Seat, broadcasts: readonly Deliverable[]): Promise<void> {
    const now = clock.now();
    seat.writes += 1;
    try {
      const verdicts = await deps.enqueue(broadcasts.map((broadcast) => deliveryTask(broadcast, seat, now)));
      const refused = verdicts.find(({ kind }) => kind !== "stored");
      if (refused !== undefined) lag(seat, refused);
    } catch (error) {
      lag(seat, error);
    } finally {
      seat.writes -= 1;
    }
  }

  function lag(seat: Seat, why: unknown): void {
    seat.isBehind = true;
    log.warn(
      { err: why, worker: seat.worker },
      "a listener could not be given a broadcast; trying again soon",
    );
  }

  async function missing({ namespace, worker, channels }: Seat): Promise<readonly TaskRef[]> {
    const found: TaskHead[] = [];
    for (const channel of channels)
      found.push(...(await live(store, namespace, channel, limits.broadcastHistoryMax)).toReversed());
    // As they were published, over all channels.
    found.sort((a, b) => a.createdAt - b.createdAt);
    const made = await store.readHeads(found.map(({ id }) => ({ namespace, id: deliveryIdOf(id, worker) })));
    return found.filter((_, at) => made[at] === undefined).map(({ id }) => ({ namespace, id }));
  }

  async function catchUp(seat: Seat): Promise<void> {
    // Before it is looked at: what goes wrong from here on is seen the next time.
    seat.isBehind = false;
    try {
      const refs = await missing(seat);
      for (let at = 0; at < refs.length && seat.isTaken; at += contentsAtOnce) {
        const broadcasts = await store.read(refs.slice(at, at + contentsAtOnce));
        const stillLive = broadcasts.filter((task) => task?.state === "scheduled") as readonly Task[];
        if (stillLive.length > 0) await deliver(seat, stillLive);
      }
    } catch (error) {
      lag(seat, error);
    }
  }

  return {
    async fanOut(namespace, broadcasts) {
      for (const task of broadcasts) {
        const channel = channelOf(task);
        await Promise.all(seated(namespace, channel).map((seat) => deliver(seat, [task])));
        await trim(namespace, channel).catch((error: unknown) =>
          log.warn({ err: error, channel }, "a channel's history could not be cut; trying again later"),
        );
      }
    },
    listeners: (namespace, channel) => seated(namespace, channel).length,
    catchUp,
    async catchUpAll() {
      for (const seat of seats.taken()) if (seat.isBehind) await catchUp(seat);
    },
  };
}

type Trim = (namespace: Namespace, channel: string) => Promise<void>;

/** Bounds histories, each now and then: the oldest end early. */
function createTrim({ store, limits, ending }: GivingDeps): Trim {
  const published = new Map<string, number>();
  const slack = Math.max(1, Math.floor(limits.broadcastHistoryMax * trimShare));
  return async (namespace, channel) => {
    const key = `${namespace}/${channel}`;
    const count = (published.get(key) ?? 0) + 1;
    if (published.size >= countedChannelsMax) published.clear();
    published.set(key, count >= slack ? 0 : count);
    if (count < slack) return;
    const found = await live(store, namespace, channel, limits.broadcastHistoryMax + 2 * slack);
    for (const { id } of found.slice(limits.broadcastHistoryMax)) await ending.end({ namespace, id });
  };
}

/** The newest live broadcasts of a channel, newest first. */
async function live(
  store: Pick<TaskStore, "list">,
  namespace: Namespace,
  channel: string,
  limit: number,
): Promise<readonly Task[]> {
  const { tasks } = await listTagged(store, namespace, {
    tag: channelTag(channel),
    states: ["scheduled"],
    limit,
  });
  return tasks.filter(({ queue }) => queue === broadcastQueue);
}
