/**
 * A log that keeps its newest entries, by count and by bytes: what is kept of it, and what it has lost. Entries have places that rise and
 * are never given twice, so a reader knows where it was, and sees what it missed.
 */

import type { Bytes } from "./ids.ts";

/** How much is kept: beyond, the oldest entries are dropped. */
export type LogBounds = { readonly entriesMax: number; readonly bytesMax: number };

/** What is known of a log besides its entries. */
export type LogTally = {
  /** How many entries are kept, and how many bytes they have. */
  readonly count: number;
  readonly bytes: number;
  /** How many were dropped since there is the log. */
  readonly dropped: number;
  /** Every entry before this place was dropped. */
  readonly keptFrom: number;
};

/** The tally of a log that has had no entry. */
export const emptyTally: LogTally = { count: 0, bytes: 0, dropped: 0, keptFrom: 0 };

/** The tally after an entry of so many bytes. */
export const tallyWith = (tally: LogTally, bytes: number): LogTally => ({
  ...tally,
  count: tally.count + 1,
  bytes: tally.bytes + bytes,
});

/** The tally after its oldest entry was dropped. */
export const tallyWithout = (
  tally: LogTally,
  oldest: { readonly offset: number; readonly bytes: number },
): LogTally => ({
  count: tally.count - 1,
  bytes: tally.bytes - oldest.bytes,
  dropped: tally.dropped + 1,
  keptFrom: oldest.offset + 1,
});

/** Whether the oldest entry has to go. */
export const isBeyond = ({ count, bytes }: LogTally, { entriesMax, bytesMax }: LogBounds): boolean =>
  count > 0 && (count > entriesMax || bytes > bytesMax);

/** What a reader missed that had come to `from`; undefined: nothing. */
export const gapFor = ({ keptFrom, dropped }: LogTally, from: number): LogGap | undefined =>
  from < keptFrom ? { keptFrom, dropped } : undefined;

/** Entries as they are read together. */
export type LogCut<Entry> = { readonly entries: readonly Entry[]; readonly hasMore: boolean };

/** The first entries, within a number and the bytes of their bodies; the first one however large. One more than that tells that there are more. */
export function cutLog<Entry extends { readonly body: Bytes }>(
  log: Iterable<Entry>,
  { limit, bytesMax }: { readonly limit: number; readonly bytesMax: number },
): LogCut<Entry> {
  const entries: Entry[] = [];
  let bytes = 0;
  for (const entry of log) {
    bytes += entry.body.length;
    if (entries.length === limit || (entries.length > 0 && bytes > bytesMax))
      return { entries, hasMore: true };
    entries.push(entry);
  }
  return { entries, hasMore: false };
}

/** Where a reader goes on, who came to `from`; `end`: the place that comes next in the log. */
export const nextPlace = (
  { entries, hasMore }: LogCut<{ readonly offset: number }>,
  from: number,
  end: number,
): number => (hasMore ? (entries.at(-1)?.offset ?? from) + 1 : Math.max(from, end));

/** Entries that were dropped before a reader came to them: all before `keptFrom`, `dropped` of them since there is the log. */
export type LogGap = Pick<LogTally, "keptFrom" | "dropped">;
