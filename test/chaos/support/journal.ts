import { openSync, writeSync } from "node:fs";
import path from "node:path";
import { type HistoryLine, monotonicMs } from "../history.ts";

type Facts<Line> = Line extends HistoryLine ? Omit<Line, "t" | "proc"> : never;

/** Writes history lines for one process. */
export type Journal = {
  /** Appends a line, stamped with the time and the process; it is in the file when this returns. */
  write(line: Facts<HistoryLine>): void;
  /** The same, into the file that all workers share: the first act of every handler. */
  writeEffect(line: Facts<HistoryLine>): void;
};

/** Opens the history of a process, and the shared effects, in the run's folder. */
export function openJournal(folder: string, proc: string): Journal {
  const open = (name: string) => {
    const file = openSync(path.join(folder, `${name}.ndjson`), "a");
    return (line: Facts<HistoryLine>): void => {
      const { op, phase, ...facts } = line;
      writeSync(file, `${JSON.stringify({ t: monotonicMs(), proc, op, phase, ...facts })}\n`);
    };
  };
  return { write: open(proc), writeEffect: open("effects") };
}
