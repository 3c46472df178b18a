import { type Instant, plus } from "../model/ids.ts";
import type { EventStore } from "../ports/event-store.ts";

/** What the pruner of events needs. */
export type EventPrunerDeps = { readonly store: Pick<EventStore, "truncateEvents"> };

/** When it comes again, how much it does at once, and what is kept. */
export type EventPrunerOptions = {
  readonly intervalMs: number;
  readonly batchRowsMax: number;
  readonly retentionMs: number;
  readonly bytesMax: number;
};

/** Drops events that are too old, and the oldest while there are too many; at once again while there are more. */
export async function pruneEventsOnce(
  { store }: EventPrunerDeps,
  { intervalMs, batchRowsMax, retentionMs, bytesMax }: EventPrunerOptions,
  now: Instant,
): Promise<number> {
  const gone = await store.truncateEvents(plus(now, -retentionMs), bytesMax, batchRowsMax);
  return gone < batchRowsMax ? intervalMs : 0;
}
