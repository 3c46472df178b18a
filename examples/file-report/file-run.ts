import path from "node:path";
import { isTerminal, type StemClient, TaskFailedError, type TaskHandle } from "@stem/sdk";
import { measureFile } from "./file-statistics.ts";
import { filesBelow } from "./folder-walk.ts";
import type { Report } from "./report.ts";
import { type Run, taskIdOf } from "./run-record.ts";
import { mergeAll, scanFile } from "./tasks.ts";

/** How many files are read at the same time to name their tasks. */
const readersMax = 16;
/** How many reports one merge task takes; more are merged in two steps. */
const mergedMax = 200;

/** A run whose tasks are all in the server's hands. */
export type EnqueuedRun = {
  readonly run: Run;
  readonly handles: readonly TaskHandle<Report>[];
  /** How many of them had ended before. */
  readonly finishedBefore: number;
  /** Files that could not even be read to name their task. */
  readonly unreadable: readonly string[];
};

/** The report of a run, and the files that are not in it. */
export type RunResult = { readonly report: Report; readonly left: readonly string[] };

/** Enqueues a task for each file. Those of an earlier start of this run are there already, and stay what they are. */
export async function enqueueRun(client: StemClient, root: string, run: Run): Promise<EnqueuedRun> {
  const unreadable: string[] = [];
  const digested = await inParallel(await filesBelow(root), readersMax, async (file) => {
    try {
      return [{ file, digest: (await measureFile(path.join(root, file))).digest }];
    } catch {
      // Gone, or closed to us: it is named in the end.
      unreadable.push(file);
      return [];
    }
  });
  const handles = await client.enqueueMany(
    digested.flat().map(({ file, digest }) => {
      const id = taskIdOf(run, "scan", file, digest);
      return scanFile.call({ runId: run.id, root, path: file, digest }, { id });
    }),
  );
  const known = handles.filter((handle) => handle.deduplicated);
  const ended = await inParallel(known, readersMax, async (handle) => isTerminal(await handle.status()));
  return { run, handles, finishedBefore: ended.filter(Boolean).length, unreadable };
}

/** Waits for every file's report and has them merged. `onFile` is called as each comes in. */
export async function finishRun(
  client: StemClient,
  { run, handles, unreadable }: EnqueuedRun,
  onFile: () => void,
): Promise<RunResult> {
  const failed: string[] = [];
  const reports = await Promise.all(
    handles.map(async (handle) => {
      try {
        return [await handle.result()];
      } catch (error) {
        if (!(error instanceof TaskFailedError)) throw error;
        failed.push(error.failure?.message ?? error.message);
        return [];
      } finally {
        onFile();
      }
    }),
  );
  return { report: await merged(client, run, reports.flat()), left: [...unreadable, ...failed] };
}

/** Merges by tasks, a part at a time, until one report is left. */
async function merged(client: StemClient, run: Run, reports: readonly Report[]): Promise<Report> {
  const parts = Array.from({ length: Math.max(1, Math.ceil(reports.length / mergedMax)) }, (_, i) =>
    reports.slice(i * mergedMax, (i + 1) * mergedMax),
  );
  // The id holds what is merged: a run that is gone on with may have other reports to merge than it had before.
  const handles = await client.enqueueMany(
    parts.map((part) =>
      mergeAll.call({ reports: part }, { id: taskIdOf(run, "merge", JSON.stringify(part)) }),
    ),
  );
  const results = await Promise.all(handles.map((handle) => handle.result()));
  const [only, ...others] = results;
  return only !== undefined && others.length === 0 ? only : await merged(client, run, results);
}

/** Calls `work` for each item, at most `max` at a time; the results come in order. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  max: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  const lane = async (): Promise<void> => {
    // The lanes share one iterator: each takes the next item.
    for (const [index, item] of waiting) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: max }, lane));
  return results;
}
