import type { Bytes, Instant } from "./ids.ts";
import type { LogBounds } from "./kept-log.ts";
import type { Limits } from "./limits.ts";

/** Something that somebody made known on a queue. `body` is encoded, for the reader at the other end. */
export type QueueEvent = {
  /** Its place among all events of the queue, from 0. */
  readonly offset: number;
  /** Unique among the events that are kept of the queue. */
  readonly id: string;
  readonly name: string;
  readonly at: Instant;
  readonly body: Bytes;
};

/** What an event takes beside its texts and its body, about. */
const rowBytes = 64;

/** How many bytes an event counts for. */
export const queueEventBytes = ({
  id,
  name,
  body,
}: Pick<QueueEvent, "id" | "name"> & { readonly body: Pick<Bytes, "length"> }): number =>
  id.length + name.length + body.length + rowBytes;

/** How much is kept of a queue's events. */
export const queueEventBounds = (limits: Limits): LogBounds => ({
  entriesMax: limits.queueEventsMax,
  bytesMax: limits.queueEventsBytesMax,
});
