import type { StemClient, TaskDefinition } from "@stem/sdk";
import {
  type HandlerPlace,
  type Implementation,
  implement,
  implementBatch,
  type Worker,
  type WorkerOptions,
} from "@stem/worker";
import type { RecordingLog } from "../../support/recording-log.ts";
import { type AtEnd, startStem } from "../../support/whole-stem.ts";

/** Where a handler can run. */
export const everyRunner = ["in process", "thread", "process"] as const;

/** One of them. */
export type AnyRunner = (typeof everyRunner)[number];

/** Tasks of a module, to run in a given place. */
export function placed(
  runner: AnyRunner,
  tasks: readonly Implementation[],
  module: URL,
): readonly Implementation[] {
  if (runner === "in process") return tasks;
  const place: HandlerPlace = { runner, module };
  return tasks.map(({ task, batch }) =>
    batch === undefined ? implement(task, place) : implementBatch(task, batch, place),
  );
}

/** A server that hands lists on by reference early, a producer, and a worker that runs a module's tasks in a given place. */
export async function startRunner(
  runner: AnyRunner,
  tasks: readonly Implementation[],
  options: Partial<WorkerOptions> & { readonly module: URL; readonly atEnd?: AtEnd },
): Promise<RunningRunner> {
  const { module, atEnd, ...rest } = options;
  const { stem, work, log, url } = await startStem({ limits: { canvasInputItemsMax: 3 } }, atEnd);
  const worker = await work({ concurrency: 4, ...rest, tasks: placed(runner, tasks, module) });
  const taskOf = (name: string): NamedTask => {
    const task = tasks.find((each) => each.task.name === name)?.task;
    if (task === undefined) throw new Error(`there is no task ${name}`);
    return task as NamedTask;
  };
  return { stem, log, worker, url, taskOf };
}

/** A task that was found by its name: its types are not known. */
export type NamedTask = TaskDefinition<unknown[], unknown, unknown, unknown>;

/** What a test has of it. */
export type RunningRunner = {
  readonly stem: StemClient;
  readonly log: RecordingLog;
  readonly worker: Worker;
  readonly url: string;
  readonly taskOf: (name: string) => NamedTask;
};
