import type { Bytes, Instant } from "./ids.ts";
import { emptyTally, type LogBounds, type LogTally } from "./kept-log.ts";
import type { Limits } from "./limits.ts";
import type { Fence } from "./task.ts";

/** The kinds of output; each is a log of its own with its own bounds, and all of a task share their places. */
export const outputKinds = ["progress", "log", "chunk"] as const;

/** One of them. */
export type OutputKind = (typeof outputKinds)[number];

/** One thing that an attempt put out. `body` is encoded, for the reader at the other end. */
export type OutputEntry = {
  /** Its place among all that the task ever put out, from 0. */
  readonly offset: number;
  readonly kind: OutputKind;
  readonly attempt: number;
  readonly delivery: number;
  readonly at: Instant;
  readonly body: Bytes;
};

/** One thing to keep. `seq` rises within a lease, over all kinds; 0: it is not numbered. */
export type NewOutput = { readonly seq: number; readonly kind: OutputKind; readonly body: Bytes };

/** What is known of a task's output besides its entries. */
export type OutputHead = {
  /** The place of the next entry. */
  readonly nextOffset: number;
  /** The lease that wrote last, and the number of its newest entry. */
  readonly fence: Fence | undefined;
  readonly newestSeq: number;
  readonly tallies: Readonly<Record<OutputKind, LogTally>>;
};

/** The head of a task that has put out nothing. */
export const emptyOutput: OutputHead = {
  nextOffset: 0,
  fence: undefined,
  newestSeq: 0,
  tallies: { progress: emptyTally, log: emptyTally, chunk: emptyTally },
};

/** What of some output is new, and the number that the lease has come to with it. The rest are repeats. */
export function freshOutput(
  { fence, newestSeq }: OutputHead,
  writer: Fence,
  entries: readonly NewOutput[],
): { readonly fresh: readonly NewOutput[]; readonly newestSeq: number } {
  // Another lease numbers its own entries.
  let newest = fence?.epoch === writer.epoch && fence.seq === writer.seq ? newestSeq : 0;
  const fresh = entries.filter(({ seq }) => {
    const isFresh = seq === 0 || seq > newest;
    newest = Math.max(newest, seq);
    return isFresh;
  });
  return { fresh, newestSeq: newest };
}

/** How much is kept of one kind. */
export function outputBounds(kind: OutputKind, limits: Limits): LogBounds {
  switch (kind) {
    case "progress":
      return { entriesMax: limits.keptProgressMax, bytesMax: limits.keptProgressBytesMax };
    case "log":
      return { entriesMax: limits.keptLogLinesMax, bytesMax: limits.keptLogBytesMax };
    case "chunk":
      return { entriesMax: limits.keptChunksMax, bytesMax: limits.keptChunkBytesMax };
  }
}
