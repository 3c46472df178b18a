/**
 * Broadcasts: a task to every worker that listens on a channel. Known listeners get theirs when it is published, others when they come.
 * A delivery's id follows from the broadcast and the worker, so making one again makes nothing: whatever fails half-way is begun anew.
 * Read on in model/broadcast.ts (what a broadcast is), seats.ts (who listens), broadcast-giving.ts and broadcast-ending.ts.
 */

import {
  type Broadcast,
  broadcastOf,
  broadcastsTag,
  channelTag,
  deliveriesTag,
  isInbox,
} from "../model/broadcast.ts";
import type { Namespace, TaskRef } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { NamespaceView } from "../ports/namespace-view.ts";
import type { TaskPage } from "../ports/task-store.ts";
import { createEnding, type Ending, type EndingDeps } from "./broadcast-ending.ts";
import { createGiving, type Giving, type GivingDeps } from "./broadcast-giving.ts";
import type { Enqueueing } from "./enqueue.ts";
import { listTagged } from "./list-tagged.ts";
import { createListening, type ListeningDeps, type OpenSession } from "./listening.ts";
import { createPublish, type Publish, type PublishDeps } from "./publish.ts";
import { createSeats, type SeatsDeps } from "./seats.ts";

/** Some of many, and where to read on. */
export type BroadcastPage = {
  readonly broadcasts: readonly Broadcast[];
  readonly cursor: number | undefined;
};

/** Which to read: `after` is an earlier page's cursor. */
export type PageWish = { readonly limit: number; readonly after: number | undefined };

/** What publishers and operators do with broadcasts. */
export type BroadcastVerbs = Pick<Ending, "end"> & {
  readonly publish: Publish;
  /** Newest first; `channel` undefined: of all. */
  list(namespace: Namespace, channel: string | undefined, page: PageWish): Promise<BroadcastPage>;
  /** BROADCAST_UNKNOWN where there is none. */
  get(ref: TaskRef): Promise<Broadcast>;
  /** Its deliveries, newest first. */
  deliveries(ref: TaskRef, page: PageWish): Promise<TaskPage>;
};

/** What the broker does with broadcasts. */
export type Broadcasts = Pick<Giving, "fanOut"> & {
  readonly verbs: BroadcastVerbs;
  /** Opens sessions, with an inbox for whoever listens. */
  readonly openSession: OpenSession;
  /** Ends those whose time is over, and catches up with listeners that are behind. */
  sweep(): Promise<void>;
};

/** What broadcasts need. */
export type BroadcastsDeps = Omit<GivingDeps, "ending" | "store" | "seats" | "enqueue"> &
  Omit<EndingDeps, "store"> &
  Omit<PublishDeps, "giving"> &
  Omit<ListeningDeps, "seats" | "giving"> & {
    readonly store: GivingDeps["store"] & EndingDeps["store"] & SeatsDeps["store"];
    readonly enqueueing: Pick<Enqueueing, "enqueueMade">;
    readonly namespaces: Pick<NamespaceView, "names">;
  };

/** Makes the part of the broker that broadcasts. */
export function createBroadcasts(deps: BroadcastsDeps): Broadcasts {
  const { enqueueing, namespaces } = deps;
  const seats = createSeats(deps);
  const ending = createEnding(deps);
  const giving = createGiving({ ...deps, seats, ending, enqueue: enqueueing.enqueueMade });
  return {
    fanOut: giving.fanOut,
    openSession: createListening({ ...deps, seats, giving }),
    verbs: { ...createReading(deps), publish: createPublish({ ...deps, giving }), end: ending.end },
    async sweep() {
      for (const namespace of namespaces.names()) await ending.endDue(namespace);
      await giving.catchUpAll();
    },
  };
}

function createReading({
  store,
  limits,
}: BroadcastsDeps): Pick<BroadcastVerbs, "list" | "get" | "deliveries"> {
  return {
    async get(ref) {
      const [head] = await store.readHeads([ref]);
      const broadcast = head && broadcastOf(head);
      if (broadcast === undefined)
        throw new StemProblem({ reason: "BROADCAST_UNKNOWN", broadcastId: ref.id });
      return broadcast;
    },
    async list(namespace, channel, { limit, after }) {
      const tag = channel === undefined ? broadcastsTag : channelTag(channel);
      const { tasks, cursor } = await listTagged(store, namespace, { tag, states: [], limit, after });
      return { broadcasts: tasks.flatMap((task) => broadcastOf(task) ?? []), cursor };
    },
    async deliveries({ namespace, id }, page) {
      const contents = { bytesMax: limits.frameBytesMax, full: true };
      const found = await listTagged(store, namespace, {
        tag: deliveriesTag(id),
        states: [],
        ...page,
        ...contents,
      });
      return { ...found, tasks: found.tasks.filter(({ queue }) => isInbox(queue)) };
    },
  };
}
