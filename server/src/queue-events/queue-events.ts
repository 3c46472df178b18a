/**
 * Queue events: something named that somebody makes known on a queue, for whoever watches it. This room keeps none of them: the store
 * does, and gives each its place. It wakes who watches, and never knows what an event means. Read on in ports/queue-event-store.ts.
 */

import { createBells } from "../lib/bells.ts";
import { follow } from "../lib/follow.ts";
import { isRefusal } from "../model/admission.ts";
import type { QueueRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import { problemOf } from "../model/refusal.ts";
import type { Clock } from "../ports/clock.ts";
import type { NewQueueEvent, QueueEventPage, QueueEventStore } from "../ports/queue-event-store.ts";

/** An event to make known. */
export type QueueEventToEmit = Omit<NewQueueEvent, "now">;

/** Where an event stands; `deduplicated` when it was there before. */
export type EmittedEvent = { readonly offset: number; readonly deduplicated: boolean };

/** Which events to follow, from which place on (undefined: from the end), and how long. */
export type WatchRequest = {
  readonly ref: QueueRef;
  readonly from: number | undefined;
  /** None: of any name. */
  readonly names: readonly string[];
  readonly timeoutMs: number;
};

/** What the edge calls. */
export interface QueueEvents {
  /** Makes an event known, once for each id. QUEUE_EVENT_EXISTS when the id is another event's; what keeps a queue from being made refuses it, too. */
  emit(event: QueueEventToEmit): Promise<EmittedEvent>;
  /** Another server made something known on these queues: whoever follows them looks. */
  ring(queues: readonly QueueRef[]): void;
  /**
   * Follows a queue's events in pages: first what is kept, then what comes. Each who follows gets all. Ends at the time-out, or when
   * `signal` aborts.
   */
  watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<QueueEventPage>;
}

/** What queue events live on. */
export type QueueEventsDeps = {
  readonly store: Pick<QueueEventStore, "emitQueueEvent" | "readQueueEvents">;
  readonly clock: Clock;
  readonly limits: Pick<Limits, "pageSizeMax">;
};

/** Read together at most; several pages are one answer after the other. */
const readBytesMax = 1024 * 1024;

/** Makes the queue events of a server. */
export function createQueueEvents({ store, clock, limits }: QueueEventsDeps): QueueEvents {
  const bells = createBells();
  /** A namespace has no slash. */
  const bellOf = ({ namespace, queue }: QueueRef): string => `${namespace}/${queue}`;

  return {
    async emit(event) {
      const verdict = await store.emitQueueEvent({ ...event, now: clock.now() });
      if (isRefusal(verdict)) throw new StemProblem(problemOf(verdict, event.ref));
      if (verdict.kind === "exists")
        throw new StemProblem({
          reason: "QUEUE_EVENT_EXISTS",
          queue: event.ref.queue,
          eventId: event.id,
        });
      bells.ring(bellOf(event.ref));
      return { offset: verdict.offset, deduplicated: verdict.kind === "duplicate" };
    },
    ring(queues) {
      for (const queue of queues) bells.ring(bellOf(queue));
    },
    watch({ ref, from, names, timeoutMs }, signal) {
      let next = from;

      async function read(): Promise<QueueEventPage> {
        const page = await store.readQueueEvents({
          ...{ ref, from: next, names, limit: limits.pageSizeMax, bytesMax: readBytesMax },
        });
        next = page.next;
        return page;
      }

      return follow(
        { clock, bells },
        {
          ...{ key: bellOf(ref), timeoutMs, signal, read },
          hasMore: ({ hasMore }) => hasMore,
          isNews: ({ events, gap }) => events.length > 0 || gap !== undefined,
          isLast: () => false,
        },
      );
    },
  };
}
