import type { Refusal } from "../model/admission.ts";
import type { Bytes, Instant, QueueRef } from "../model/ids.ts";
import type { LogGap } from "../model/kept-log.ts";
import type { QueueEvent } from "../model/queue-event.ts";

/** Named events on queues, the newest of each queue. Same transactions, same errors as TaskStore. */
export interface QueueEventStore {
  /**
   * Keeps an event, in the next place of its queue, and drops the oldest beyond the bounds (model/queue-event.ts). The queue comes into
   * being where it is new. Idempotent by id among those that are kept: "exists" when the id is another event's.
   */
  emitQueueEvent(event: NewQueueEvent): Promise<EmitVerdict>;
  /** Some events of a queue. A queue that is not there has none. */
  readQueueEvents(query: QueueEventQuery): Promise<QueueEventPage>;
  /** Drops events from before a time, of each queue the oldest first; answers how many. */
  pruneQueueEvents(before: Instant, limit: number): Promise<number>;
}

/** An event to keep. */
export type NewQueueEvent = {
  readonly ref: QueueRef;
  readonly id: string;
  readonly name: string;
  readonly body: Bytes;
  readonly now: Instant;
};

/** What became of it. exists: its id is another event's. */
export type EmitVerdict =
  | { readonly kind: "emitted" | "duplicate"; readonly offset: number }
  | { readonly kind: "exists" }
  | Refusal;

/** Which events to read: those of these names (none: of any) from a place on; undefined: from the end. */
export type QueueEventQuery = {
  readonly ref: QueueRef;
  readonly from: number | undefined;
  readonly names: readonly string[];
  readonly limit: number;
  /** The bodies stay within this, all together; the first event is read however large. */
  readonly bytesMax: number;
};

/** Some events of a queue, all as of one moment. */
export type QueueEventPage = {
  readonly events: readonly QueueEvent[];
  /** What was asked for and may have been among those that are not there any more. */
  readonly gap: LogGap | undefined;
  /** Where to read on: nothing that was asked for stands between the last event and here. */
  readonly next: number;
  /** Whether there is more to read at once. */
  readonly hasMore: boolean;
};
