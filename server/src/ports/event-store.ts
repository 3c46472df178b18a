import type { EventPosition, TaskEvent } from "../model/event.ts";
import type { Instant } from "../model/ids.ts";

/** The outbox: every transition's event, written in its transaction. */
export interface EventStore {
  /**
   * Events after a position (undefined: all), in log order; `truncated` exactly when some after it are gone already. Per task,
   * revisions come in order.
   */
  readEvents(after: EventPosition | undefined, limit: number): Promise<EventPage>;
  /** Drops events older than `before`, and the oldest beyond `bytesMax`. Answers how many log rows went. */
  truncateEvents(before: Instant, bytesMax: number, limit: number): Promise<number>;
}

/** Some events; read on after the last one's position. */
export type EventPage = { readonly events: readonly TaskEvent[]; readonly truncated: boolean };
