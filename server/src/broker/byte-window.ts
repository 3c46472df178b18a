import type { Bytes } from "../model/ids.ts";

/** How many bytes of content a worker takes beyond the newest grant that it has seen. */
export type ByteWindow = {
  /** What is left of it now, below 1 when nothing more may be granted; Infinity when it is not limited. */
  readonly left: number;
  /** Grants beyond `seenSeq` may have `bytesMax` bytes together; undefined: any number. */
  open(seenSeq: number, bytesMax: number | undefined): void;
  /** These were granted, under numbers from `firstSeq`. */
  sent(firstSeq: number, tasks: readonly { readonly content: Bytes }[]): void;
};

/** Makes a window that is not limited. Sizes are kept only while it is: what was granted before the first limit does not count. */
export function createByteWindow(): ByteWindow {
  let bytesMax: number | undefined;
  /** The sizes of the grants beyond the newest seen one, and the number of the first. */
  const sizes: number[] = [];
  let firstSeq = 0;
  let bytes = 0;

  function forgetUpTo(seenSeq: number): void {
    const seen = sizes.splice(0, Math.max(0, seenSeq + 1 - firstSeq));
    firstSeq += seen.length;
    for (const size of seen) bytes -= size;
  }

  return {
    get left() {
      return bytesMax === undefined ? Number.POSITIVE_INFINITY : bytesMax - bytes;
    },
    open(seenSeq, wanted) {
      bytesMax = wanted;
      forgetUpTo(wanted === undefined ? Number.POSITIVE_INFINITY : seenSeq);
    },
    sent(seq, tasks) {
      if (bytesMax === undefined) return;
      if (sizes.length === 0) firstSeq = seq;
      for (const { content } of tasks) {
        sizes.push(content.length);
        bytes += content.length;
      }
    },
  };
}
