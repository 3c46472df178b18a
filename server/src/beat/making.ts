/** What slots start, made of what producers asked for: by rules, by what workers announced and by the server's defaults as they are now. */

import type { CanvasDraft, TaskSubmission } from "../broker/broker.ts";
import { broadcastQueue } from "../model/broadcast.ts";
import { mapTree } from "../model/canvas-node.ts";
import type { Instant } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { Schedule, SlotRecord, Started } from "../model/schedule-record.ts";
import type { NewTask } from "../model/task.ts";
import type { SlotStart } from "../ports/schedule-store.ts";
import type { BeatDeps, CanvasTarget, TargetDraft } from "./deps.ts";

/** What making needs. */
export type MakingDeps = Pick<
  BeatDeps,
  "readTarget" | "markSlot" | "completeTasks" | "prepareCanvas" | "refuseWhileDraining" | "log"
>;

/** A decision's records with what they start; those that cannot be made say so. */
export type Made = { readonly records: readonly SlotRecord[]; readonly starts: readonly SlotStart[] };

/** Makes what records say to be started. Throws DRAINING where nothing may start any more. */
export function makeStarts(
  deps: MakingDeps,
  schedule: Schedule,
  { records, now }: { readonly records: readonly SlotRecord[]; readonly now: Instant },
): Made {
  const starts: SlotStart[] = [];
  const kept = records.map((record): SlotRecord => {
    const { place, slot, outcome } = record;
    if (outcome.kind !== "started") return record;
    const made = makeStart(deps, schedule, { started: outcome.started, slot, now });
    if (typeof made === "string") return { ...record, outcome: { kind: "not_made", why: made } };
    starts.push({ ...made, place });
    return record;
  });
  return { records: kept, starts };
}

type Making =
  | { readonly kind: "task"; readonly task: NewTask }
  | Omit<Extract<SlotStart, { kind: "canvas" }>, "place">;

/** Answers why it cannot be made. */
function makeStart(
  deps: MakingDeps,
  schedule: Schedule,
  { started, slot, now }: { readonly started: Started; readonly slot: Instant; readonly now: Instant },
): Making | string {
  const { namespace, id, settings } = schedule;
  deps.refuseWhileDraining();
  try {
    const draft = deps.readTarget(settings.target, namespace);
    const mark = deps.markSlot({ schedule: id, slot });
    return draft.kind === "task"
      ? makeTask(deps, schedule, { draft, started, mark, now })
      : makeCanvas(deps, schedule, { draft, started, mark, now });
  } catch (error) {
    if (error instanceof StemProblem) return error.problem.reason.toLowerCase();
    deps.log.error({ err: error, namespace, schedule: id }, "what a schedule starts could not be made");
    return "internal";
  }
}

type Slot<Kind> = {
  readonly draft: Extract<TargetDraft, { kind: Kind }>;
  readonly started: Started;
  readonly mark: Mark;
  readonly now: Instant;
};

/** Marks a content with the slot. */
type Mark = ReturnType<MakingDeps["markSlot"]>;

function makeTask(
  { completeTasks }: MakingDeps,
  { namespace, settings }: Schedule,
  { draft, started, mark, now }: Slot<"task">,
): Making | string {
  if (started.kind !== "task") throw new Error("a schedule's task was decided to be a canvas");
  const own = asOfSchedule(draft.submission, mark, settings.priority);
  const [task] = completeTasks(namespace, [{ ...own, id: started.id }], now);
  if (task === undefined) throw new Error("a schedule's task was not completed");
  if ("kind" in task) return task.problem.reason.toLowerCase();
  // A broadcast has no one end, and is given out by whoever publishes it.
  return task.queue === broadcastQueue ? "broadcast" : { kind: "task", task };
}

function makeCanvas(
  { prepareCanvas }: MakingDeps,
  { namespace, settings }: Schedule,
  { draft, started, mark, now }: Slot<"canvas">,
): Making {
  if (started.kind !== "canvas") throw new Error("a schedule's canvas was decided to be a task");
  const canvas = canvasOfSchedule(draft.canvas, mark, settings.priority);
  return { kind: "canvas", canvas: prepareCanvas({ ...canvas, namespace, id: started.id }, now) };
}

const canvasOfSchedule = (canvas: CanvasTarget, mark: Mark, priority: number | undefined): CanvasTarget => ({
  ...canvas,
  draft: mapTree(canvas.draft, (leaf) => ({
    ...leaf,
    submission: asOfSchedule(leaf.submission, mark, priority),
  })) satisfies CanvasDraft,
});

/**
 * Without ids that its producer chose, for each slot has its own; with the schedule's priority, where it has none, and the slot for which
 * it runs.
 */
const asOfSchedule = (
  submission: TaskSubmission,
  mark: Mark,
  priority: number | undefined,
): TaskSubmission => ({
  ...submission,
  id: undefined,
  content: mark(submission.content),
  priority: submission.priority ?? priority,
  ...(submission.links && {
    links: submission.links.map((link) => ({
      ...link,
      submission: asOfSchedule(link.submission, mark, undefined),
    })),
  }),
});
