// `npm start [folder]`: counts the words of all files of a folder, a task for each, with a server and a worker of its own.
// A run that was killed is gone on with; what was finished is not done again.
import { statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { connect, type StemClient } from "@stem/sdk";
import { createWorker } from "@stem/worker";
import ora from "ora";
import pc from "picocolors";
import { commandsFor } from "./commands.ts";
import { type EnqueuedRun, enqueueRun, finishRun, type RunResult } from "./file-run.ts";
import { createHandlers } from "./handlers.ts";
import { createProgress } from "./progress.ts";
import { tableOf } from "./report.ts";
import { createRunRecord } from "./run-record.ts";
import { serverAtPort } from "./server-at-port.ts";
import { queue } from "./tasks.ts";

const repository = path.resolve(import.meta.dirname, "../..");
const usage = "usage: npm start [folder] [-- --port 7836 --data .stem --concurrency 8]";
/** How many of the failed files are named. */
const namedMax = 5;

type Settings = {
  readonly root: string;
  readonly port: number;
  readonly dataFolder: string;
  readonly concurrency: number;
};

try {
  await main(readSettings());
} catch (error) {
  console.error(pc.red(error instanceof Error ? error.message : String(error)));
  process.exit(1);
}

async function main(settings: Settings): Promise<void> {
  const server = await serverAtPort(settings.port, settings.dataFolder);
  const client = connect(server.url);
  const worker = createWorker({
    url: server.url,
    tasks: createHandlers(settings.dataFolder),
    queues: [queue],
    concurrency: settings.concurrency,
  });
  stopOnSignals(async () => {
    await worker.stop();
    await client.close();
    await server.stop();
  });
  console.log(`${pc.green(server.description)}\n`);
  await doRun(client, settings, () => worker.start());
  console.log(commandsFor(server.url, queue));
  if (server.startedHere) return console.log("\nThe server stays up until Ctrl-C.");
  await worker.stop();
  await client.close();
}

/** Goes on with the unfinished run of the folder, or begins one, and tells what came of it. */
async function doRun(client: StemClient, { root, dataFolder }: Settings, startWorker: () => unknown) {
  const record = createRunRecord(dataFolder, root);
  const { run, resumed } = record.begin(Date.now());
  const spinner = ora(`looking at the files of ${root}`).start();
  const enqueued = await enqueueRun(client, root, run).finally(() => spinner.stop());
  console.log(
    resumed ? goneOnWith(enqueued) : `${enqueued.handles.length} files below ${root}, a task for each`,
  );
  // Only now, so that what was finished before is told from what this worker does.
  await startWorker();
  const progress = createProgress(enqueued.handles.length);
  const result = await finishRun(client, enqueued, progress.tick).finally(progress.end);
  record.finish(run);
  tell(result);
}

function goneOnWith({ handles, finishedBefore }: EnqueuedRun): string {
  const left = handles.length - finishedBefore;
  return `going on with an unfinished run: ${finishedBefore} of ${handles.length} files were finished before, ${left} are left`;
}

function tell({ report, left }: RunResult): void {
  const [wordiest] = report.wordiest;
  console.log(`\n${tableOf(report)}`);
  if (wordiest) console.log(`most words: ${wordiest.path} (${wordiest.words.toLocaleString("en")})`);
  if (left.length > 0) {
    const more = left.length > namedMax ? ` and ${left.length - namedMax} more` : "";
    console.log(pc.yellow(`not in the report: ${left.slice(0, namedMax).join("; ")}${more}`));
  }
  console.log();
}

function stopOnSignals(stop: () => Promise<void>): void {
  let asked = false;
  const onSignal = (): void => {
    // The terminal sends one Ctrl-C to us and one to npm, which hands it on.
    if (asked) return;
    asked = true;
    console.log("\nstopping");
    void stop().finally(() => process.exit(0));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}

function readSettings(): Settings {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string", default: "7836" },
      data: { type: "string", default: path.join(repository, ".stem") },
      concurrency: { type: "string", default: String(os.availableParallelism() * 4) },
    },
  });
  const root = path.resolve(positionals[0] ?? repository);
  if (positionals.length > 1) throw new Error(usage);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`${root} is not a folder\n${usage}`);
  const port = wholeNumber("port", values.port, 65_535);
  const concurrency = wholeNumber("concurrency", values.concurrency, 1000);
  return { root, port, concurrency, dataFolder: path.resolve(values.data) };
}

function wholeNumber(name: string, text: string, max: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > max) {
    throw new Error(`--${name} must be a whole number from 1 to ${max}; it is ${JSON.stringify(text)}`);
  }
  return number;
}
