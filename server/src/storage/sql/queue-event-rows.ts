import type { Bytes, Instant } from "../../model/ids.ts";
import { emptyTally, type LogTally } from "../../model/kept-log.ts";
import type { QueueEvent } from "../../model/queue-event.ts";

/** What is known of a queue's events besides them. */
export type QueueEventHead = { readonly nextPlace: number; readonly tally: LogTally };

/** The columns of that. */
export const queueEventHeadColumns = "next_place, kept, bytes, dropped, kept_from";

/** One row of queueEventHeadColumns. */
export type QueueEventHeadRow = readonly [
  nextPlace: number,
  count: number,
  bytes: number,
  dropped: number,
  keptFrom: number,
];

/** The head that a row means; without one, that of a queue that has had no event. */
export function queueEventHeadOf(row: QueueEventHeadRow | undefined): QueueEventHead {
  if (row === undefined) return { nextPlace: 0, tally: emptyTally };
  const [nextPlace, count, bytes, dropped, keptFrom] = row;
  return { nextPlace, tally: { count, bytes, dropped, keptFrom } };
}

/** The columns of an event. */
export const queueEventColumns = "place, id, name, emitted_at, body";

/** One row of queueEventColumns. */
export type QueueEventRow = readonly [
  place: number,
  id: string,
  name: string,
  emittedAt: Instant,
  body: Bytes,
];

/** The event that a row means. */
export const queueEventOf = ([offset, id, name, at, body]: QueueEventRow): QueueEvent => ({
  offset,
  id,
  name,
  at,
  body,
});
