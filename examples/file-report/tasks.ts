import { defineTask } from "@stem/sdk";
import type { Report } from "./report.ts";

/** The queue of both tasks, so that only workers that see the same files take them. */
export const queue = "file-report";

/** One file of a run, as it was when the run looked at it. */
export type FileOfRun = {
  readonly runId: string;
  readonly root: string;
  /** Relative to the root. */
  readonly path: string;
  readonly digest: string;
};

/** Reads one file and reports on it. A file that cannot be read is tried once more. */
export const scanFile = defineTask<FileOfRun, Report>({
  name: "file-report.scan",
  options: ({ runId }) => ({ queue, maxAttempts: 2, retry: { baseDelayMs: 200 }, tags: [`run:${runId}`] }),
});

/** Makes one report of several. */
export const mergeAll = defineTask<{ readonly reports: readonly Report[] }, Report>({
  name: "file-report.merge",
  // Before the files of the next run.
  options: { queue, priority: 7 },
});
