import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

/** One walk over one folder. Its tasks have ids made of its own, so that the same run never stores a task twice. */
export type Run = { readonly id: string; readonly startedAt: number; readonly finished: boolean };

/** The server forgets ended tasks after a day; an older run cannot be told from one that never was. */
const resumableMs = 12 * 3_600_000;

/** Remembers the newest run of a folder in a file of its own below `dataFolder`. */
export function createRunRecord(dataFolder: string, root: string) {
  const file = path.join(dataFolder, "file-report", `${hashOf(root).slice(0, 16)}.json`);
  const save = (run: Run): void => {
    mkdirSync(path.dirname(file), { recursive: true });
    // Written aside and moved: a kill leaves the old record or the new one.
    writeFileSync(`${file}.new`, JSON.stringify(run));
    renameSync(`${file}.new`, file);
  };
  return {
    /** The run to work on: the unfinished one, or a new one. */
    begin(now: number): { readonly run: Run; readonly resumed: boolean } {
      const last = read(file);
      if (last !== undefined && !last.finished && now - last.startedAt < resumableMs) {
        return { run: last, resumed: true };
      }
      const run = { id: randomUUID(), startedAt: now, finished: false };
      save(run);
      return { run, resumed: false };
    },
    /** The run is over; the next one is new. */
    finish(run: Run): void {
      save({ ...run, finished: true });
    },
  };
}

/** Where a run's worker notes each file that it has read, a line each. */
export function journalOf(dataFolder: string, runId: string): string {
  return path.join(dataFolder, "file-report", `${runId}.log`);
}

/** The id of a run's task: the same parts, the same id. */
export function taskIdOf(run: Run, ...parts: readonly string[]): string {
  return hashOf(JSON.stringify([run.id, ...parts])).slice(0, 40);
}

function read(file: string): Run | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Run;
  } catch (error) {
    // No run yet, or a record that is none of ours: begin anew.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");
