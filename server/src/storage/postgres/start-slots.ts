import type { Instant } from "../../model/ids.ts";
import type { NotMade } from "../../model/slot-outcome.ts";
import type { ScheduleFire, SlotStart } from "../../ports/schedule-store.ts";
import type { AcceptVerdict } from "../../ports/task-store.ts";
import { notMadeWhy } from "../not-made.ts";
import { acceptAll } from "./accept.ts";
import { isStored } from "./accept-owed.ts";
import { submitCanvases } from "./submit-canvas.ts";
import type { Work } from "./work.ts";

type Starting = { readonly fire: Pick<ScheduleFire, "starts">; readonly now: Instant };
type Start<K extends SlotStart["kind"], F> = Extract<SlotStart, { kind: K }> & {
  readonly of: F;
  readonly now: Instant;
};

/** Starts what slots start: all tasks as one batch, and all canvases of a moment together. Answers what could not be made. */
export async function startSlots<F extends Starting>(
  work: Work,
  firings: readonly F[],
): Promise<ReadonlyMap<F, readonly NotMade[]>> {
  const notMade = new Map<F, NotMade[]>();
  const note = ({ of, place }: { readonly of: F; readonly place: number }, why: string | undefined): void => {
    if (why !== undefined) notMade.set(of, [...(notMade.get(of) ?? []), { place, why }]);
  };
  const tasks: Start<"task", F>[] = [];
  const canvases: Start<"canvas", F>[] = [];
  for (const of of firings)
    for (const start of of.fire.starts)
      if (start.kind === "task") tasks.push({ ...start, of, now: of.now });
      else canvases.push({ ...start, of, now: of.now });
  // Promised when their schedules were made.
  const verdicts = tasks.length === 0 ? [] : await acceptAll(work, tasks, true);
  for (const [at, task] of tasks.entries()) note(task, isThere(verdicts[at]) ? undefined : "unique_taken");
  for (const [now, own] of Map.groupBy(canvases, (each) => each.now)) {
    const submitted = own.map(({ canvas }) => canvas);
    for (const [at, verdict] of (await submitCanvases(work, submitted, now)).entries())
      if (own[at] !== undefined) note(own[at], notMadeWhy(verdict));
  }
  return notMade;
}

/** Whether a task is there by its id, from now on or from before. */
const isThere = (verdict: AcceptVerdict | undefined): boolean =>
  verdict === "duplicate" || verdict === "exists" || isStored(verdict);
