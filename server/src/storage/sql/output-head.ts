import type { LogTally } from "../../model/kept-log.ts";
import { emptyOutput, type OutputHead, outputKinds } from "../../model/task-output.ts";

/** The columns of a head. */
export const outputHeadColumns = "o.next_place, o.fence_epoch, o.fence_seq, o.newest, o.tallies";

/** One row of outputHeadColumns; all are null where there is none. */
export type OutputHeadRow = [
  nextPlace: number | null,
  fenceEpoch: number | null,
  fenceSeq: number | null,
  newest: number | null,
  tallies: string | null,
];

type TallyText = readonly (readonly [count: number, bytes: number, dropped: number, keptFrom: number])[];

/** The head that a row means. */
export function outputHeadOf([nextOffset, epoch, seq, newestSeq, tallies]: OutputHeadRow): OutputHead {
  if (nextOffset === null || epoch === null || seq === null || newestSeq === null || tallies === null)
    return emptyOutput;
  const [progress, log, chunk] = (JSON.parse(tallies) as TallyText).map(
    ([count, bytes, dropped, keptFrom]): LogTally => ({ count, bytes, dropped, keptFrom }),
  );
  const empty = emptyOutput.tallies;
  return {
    ...{ nextOffset, newestSeq, fence: { epoch, seq } },
    tallies: { progress: progress ?? empty.progress, log: log ?? empty.log, chunk: chunk ?? empty.chunk },
  };
}

/** Tallies as a row has them, in the order of the kinds. */
export const tallyText = ({ tallies }: OutputHead): string =>
  JSON.stringify(
    outputKinds.map((kind) => {
      const { count, bytes, dropped, keptFrom } = tallies[kind];
      return [count, bytes, dropped, keptFrom];
    }),
  );
