import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** What is worth knowing of one file. Lines and words are counted in text only. */
export type FileStatistics = {
  readonly bytes: number;
  /** SHA-256 of the contents, in hex. */
  readonly digest: string;
  readonly text: { readonly lines: number; readonly words: number } | undefined;
};

/** Reads a file once, piece by piece, so that its size does not matter. */
export async function measureFile(file: string): Promise<FileStatistics> {
  const hash = createHash("sha256");
  const counter = createTextCounter();
  let bytes = 0;
  for await (const piece of createReadStream(file, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    bytes += piece.length;
    hash.update(piece);
    counter.add(piece);
  }
  return { bytes, digest: hash.digest("hex"), text: counter.end() };
}

/** Counts lines and words of UTF-8 text that comes in pieces; whatever holds a NUL or is not UTF-8 is no text. */
export function createTextCounter() {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let isText = true;
  let lines = 0;
  let words = 0;
  let last = "\n";

  const count = (text: string): void => {
    // A word that goes on from the piece before was counted there.
    const isContinued = text !== "" && /\S/.test(last) && /^\S/.test(text);
    words += (text.match(/\S+/g)?.length ?? 0) - (isContinued ? 1 : 0);
    lines += text.split("\n").length - 1;
    last = text.at(-1) ?? last;
  };

  return {
    add(piece: Uint8Array): void {
      if (!isText) return;
      isText = !piece.includes(0);
      try {
        if (isText) count(decoder.decode(piece, { stream: true }));
      } catch {
        // Not UTF-8.
        isText = false;
      }
    },
    end(): FileStatistics["text"] {
      try {
        if (isText) count(decoder.decode());
      } catch {
        // It ends in the middle of a character.
        isText = false;
      }
      // A last line without an end is a line.
      return isText ? { lines: lines + (last === "\n" ? 0 : 1), words } : undefined;
    },
  };
}
