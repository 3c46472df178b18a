/** Pages of logs that keep their newest entries, as every store answers them. */

import { gapFor, type LogCut, type LogTally, nextPlace } from "../model/kept-log.ts";
import type { QueueEvent } from "../model/queue-event.ts";
import type { OutputEntry, OutputKind } from "../model/task-output.ts";
import type { OutputPage, OutputQuery } from "../ports/output-store.ts";
import type { QueueEventPage } from "../ports/queue-event-store.ts";

/** What is known of a task's output besides its entries; at least of the kinds that are asked for. */
type OutputFacts = {
  /** The place of the next entry. */
  readonly nextOffset: number;
  readonly tallies: Partial<Readonly<Record<OutputKind, LogTally>>>;
  readonly isEnded: boolean;
};

/** A page of a task's output. */
export function outputPageOf(
  cut: LogCut<OutputEntry>,
  { from, kinds }: Pick<OutputQuery, "from" | "kinds">,
  { nextOffset, tallies, isEnded }: OutputFacts,
): OutputPage {
  return {
    ...cut,
    gaps: kinds.flatMap((kind) => {
      const tally = tallies[kind];
      const gap = tally && gapFor(tally, from);
      return gap ? [{ kind, ...gap }] : [];
    }),
    next: nextPlace(cut, from, nextOffset),
    isEnded,
  };
}

/** Where a reader of a queue's events begins, and where they end for now; `start` is `end` for those who want what comes. */
type EventFacts = { readonly start: number; readonly end: number; readonly tally: LogTally };

/** A page of a queue's events. */
export const queueEventPageOf = (
  cut: LogCut<QueueEvent>,
  { start, end, tally }: EventFacts,
): QueueEventPage => ({
  events: cut.entries,
  gap: gapFor(tally, start),
  next: nextPlace(cut, start, end),
  hasMore: cut.hasMore,
});
