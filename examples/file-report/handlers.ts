import { mkdirSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import path from "node:path";
import { type Implementation, implement, NonRetryable } from "@stem/worker";
import { measureFile } from "./file-statistics.ts";
import { mergeReports, reportOf } from "./report.ts";
import { journalOf } from "./run-record.ts";
import { mergeAll, scanFile } from "./tasks.ts";

/** What the worker of a data folder can do. Each file that was read leaves one line in its run's journal. */
export function createHandlers(dataFolder: string): readonly Implementation[] {
  mkdirSync(path.dirname(journalOf(dataFolder, "")), { recursive: true });
  return [
    implement(scanFile, async (_, { runId, root, path: file, digest }) => {
      // It becomes part of a file's name.
      if (!/^[0-9a-f-]{36}$/.test(runId)) throw new NonRetryable(`${runId} is no run's id`);
      const statistics = await measureFile(path.join(root, file));
      if (statistics.digest !== digest) throw new NonRetryable(`${file} changed meanwhile`);
      await appendFile(journalOf(dataFolder, runId), `${JSON.stringify(file)}\n`);
      return reportOf(file, statistics);
    }),
    implement(mergeAll, (_, { reports }) => mergeReports(reports)),
  ];
}
