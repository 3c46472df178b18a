import { type Instant, plus } from "../model/ids.ts";
import type { QueueEventStore } from "../ports/queue-event-store.ts";

/** What the pruner of queue events needs. */
export type QueueEventPrunerDeps = { readonly store: Pick<QueueEventStore, "pruneQueueEvents"> };

/** When it comes again, how much it does at once, and how long events are kept. */
export type QueueEventPrunerOptions = {
  readonly intervalMs: number;
  readonly batchRowsMax: number;
  readonly retentionMs: number;
};

/** Drops events of queues that are too old; at once again while there are more. */
export async function pruneQueueEventsOnce(
  { store }: QueueEventPrunerDeps,
  { intervalMs, batchRowsMax, retentionMs }: QueueEventPrunerOptions,
  now: Instant,
): Promise<number> {
  const gone = await store.pruneQueueEvents(plus(now, -retentionMs), batchRowsMax);
  return gone < batchRowsMax ? intervalMs : 0;
}
