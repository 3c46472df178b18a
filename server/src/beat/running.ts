/** Whether what schedules started last goes on, and how it is cancelled. */

import { type Namespace, rootOf } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { Schedule, Started } from "../model/schedule-record.ts";
import { isTerminal } from "../model/task.ts";
import type { Store } from "../ports/store.ts";
import type { BeatDeps } from "./deps.ts";

/** Which of these schedules have started something last that has not ended. What is not kept any more has. */
export async function runningOf(
  store: Pick<Store, "readHeads" | "readBarriers">,
  schedules: readonly Schedule[],
): Promise<ReadonlySet<Schedule>> {
  const lasts = schedules.flatMap((schedule) => {
    const started = schedule.progress.last?.started;
    return started === undefined ? [] : [{ schedule, namespace: schedule.namespace, started }];
  });
  const goOn = await runningAmong(
    store,
    lasts.map(({ namespace, started }) => ({ namespace, started })),
  );
  return new Set(lasts.filter((_, at) => goOn[at]).map(({ schedule }) => schedule));
}

/** Whether each of these has not ended. */
async function runningAmong(
  store: Pick<Store, "readHeads" | "readBarriers">,
  wanted: readonly { readonly namespace: Namespace; readonly started: Started }[],
): Promise<readonly boolean[]> {
  const tasks = wanted.flatMap(({ namespace, started }) =>
    started.kind === "task" ? [{ namespace, id: started.id }] : [],
  );
  const canvases = wanted.flatMap(({ namespace, started }) =>
    started.kind === "canvas" ? [{ namespace, id: rootOf(started.id) }] : [],
  );
  const heads = tasks.length === 0 ? [] : [...(await store.readHeads(tasks))];
  const barriers = canvases.length === 0 ? [] : [...(await store.readBarriers(canvases))];
  return wanted.map(({ started }) => {
    if (started.kind === "canvas") return barriers.shift()?.state === "open";
    const head = heads.shift();
    return head !== undefined && !isTerminal(head.state);
  });
}

/** Cancels what a schedule started last; nothing where that is not kept any more. */
export async function cancelLast(
  { cancelTask, cancelCanvas }: Pick<BeatDeps, "cancelTask" | "cancelCanvas">,
  { namespace, id: schedule, progress }: Schedule,
): Promise<void> {
  const started = progress.last?.started;
  if (started === undefined) return;
  const message = { reason: `the next slot of schedule ${schedule} has come`, requester: "stem" };
  try {
    if (started.kind === "task") await cancelTask({ namespace, id: started.id }, message);
    else await cancelCanvas({ namespace, id: started.id }, message);
  } catch (error) {
    if (!(error instanceof StemProblem && isGone(error))) throw error;
  }
}

const isGone = ({ problem }: StemProblem): boolean =>
  problem.reason === "TASK_UNKNOWN" || problem.reason === "CANVAS_UNKNOWN";
