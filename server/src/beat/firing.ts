/** How schedules fire: those that are due are read, decided upon, and written together; what somebody else has decided is left alone. */

import type { Instant } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import { decideDue, type ScheduleDecision } from "../model/schedule-decision.ts";
import type { Schedule, SlotRecord } from "../model/schedule-record.ts";
import { recordsAsTheyCame } from "../model/slot-outcome.ts";
import type { FireVerdict, ScheduleFire, SlotStart } from "../ports/schedule-store.ts";
import { compile } from "./compile.ts";
import type { BeatDeps } from "./deps.ts";
import { makeStarts } from "./making.ts";
import { cancelLast, runningOf } from "./running.ts";

/** What firing needs. */
export type FiringDeps = Omit<BeatDeps, "clock">;

/** What one round did, and whether there is more to do at once. */
export type Fired = { readonly fired: number; readonly isMore: boolean };

/** Fires. */
export type Firing = {
  /** One round of what is due. */
  fireDue(now: Instant): Promise<Fired>;
  /** Applies a decision about a schedule, and answers what became of its slots; undefined: somebody else has decided meanwhile. */
  applyOne(
    schedule: Schedule,
    decision: ScheduleDecision,
    now: Instant,
  ): Promise<readonly SlotRecord[] | undefined>;
};

/** Targets of the schedules that one round reads, together. */
const readBytesMax = 16 * 1024 * 1024;

/** Makes it. */
export function createFiring(deps: FiringDeps): Firing {
  const { store, limits } = deps;

  async function apply(fires: readonly ScheduleFire[], now: Instant): Promise<readonly FireVerdict[]> {
    const verdicts: FireVerdict[] = [];
    for (const batch of batchesOf(fires, limits)) verdicts.push(...(await store.fireSchedules(batch, now)));
    for (const [at, { ref, starts }] of fires.entries())
      if (verdicts[at]?.kind === "fired") deps.announce(ref.namespace, starts.flatMap(startedBy));
    return verdicts;
  }

  async function fireDue(now: Instant): Promise<Fired> {
    const due = await store.dueSchedules(now, {
      limit: limits.schedulesFiredTogetherMax,
      bytesMax: readBytesMax,
    });
    const running = await runningOf(store, due.filter(caresForLast));
    const decided = due.map((schedule) => decide(deps, schedule, { isRunning: running.has(schedule), now }));
    for (const [at, schedule] of due.entries())
      if (decided[at]?.isLastCancelled) await cancelLast(deps, schedule);
    try {
      const fires = due.flatMap((schedule, at) =>
        decided[at] ? [fireOf(deps, schedule, { decision: decided[at], now })] : [],
      );
      const verdicts = await apply(fires, now);
      const fired = verdicts.filter(({ kind }) => kind === "fired").length;
      return { fired, isMore: due.length > 0 };
    } catch (error) {
      // Another server goes on, or this one when it is back: what is due stays due.
      if (error instanceof StemProblem && error.problem.reason === "DRAINING")
        return { fired: 0, isMore: false };
      throw error;
    }
  }

  return {
    fireDue,
    async applyOne(schedule, decision, now) {
      if (decision.isLastCancelled) await cancelLast(deps, schedule);
      const fire = fireOf(deps, schedule, { decision, now });
      const [verdict] = await apply([fire], now);
      return verdict?.kind === "fired" ? recordsAsTheyCame(fire.records, verdict.notMade) : undefined;
    },
  };
}

/** Whether it matters that what it started last goes on. */
const caresForLast = ({ settings, progress }: Schedule): boolean =>
  settings.overlap !== "allow" || progress.waiting !== undefined;

/** A schedule that this server cannot tell any more when it is due is stopped, so that others are not held up by it. */
function decide(
  { limits, log }: Pick<FiringDeps, "limits" | "log">,
  schedule: Schedule,
  { isRunning, now }: { readonly isRunning: boolean; readonly now: Instant },
): ScheduleDecision {
  const { namespace, id, settings, progress } = schedule;
  try {
    const found = { schedule, slots: compile(settings.spec), isRunning, now };
    return decideDue(found, startsMaxOf(schedule, limits));
  } catch (error) {
    log.error({ err: error, namespace, schedule: id }, "a schedule cannot be understood any more");
    const none = { next: undefined, waiting: undefined, lookAt: undefined };
    const after = { ...progress, ...none, round: progress.round + 1, end: "broken" } as const;
    return { records: [], isLastCancelled: false, after };
  }
}

/** So many slots of it fire in one write; the next ones in the next. */
const startsMaxOf = ({ settings }: Schedule, { scheduleStartsMax, scheduleStartBytesMax }: Limits): number =>
  Math.max(
    1,
    Math.min(scheduleStartsMax, Math.floor(scheduleStartBytesMax / (1 + settings.target.content.length))),
  );

function fireOf(
  deps: FiringDeps,
  schedule: Schedule,
  { decision, now }: { readonly decision: ScheduleDecision; readonly now: Instant },
): ScheduleFire {
  const { namespace, id, revision, progress, settings } = schedule;
  const { records, after } = decision;
  const isOver = after.end !== undefined && after.end !== "broken" && after.waiting === undefined;
  return {
    ...{ ref: { namespace, id }, revision, round: progress.round },
    ...makeStarts(deps, schedule, { records, now }),
    after: isOver && settings.whenOver === "remove" ? "removed" : after,
  };
}

/** Fires in writes of a bounded size; one that is larger has its own. */
function batchesOf(
  fires: readonly ScheduleFire[],
  { batchTasksMax, scheduleStartBytesMax }: Limits,
): readonly (readonly ScheduleFire[])[] {
  const batches: ScheduleFire[][] = [];
  let [tasks, bytes] = [Number.POSITIVE_INFINITY, 0];
  for (const fire of fires) {
    const started = fire.starts.flatMap(startedBy);
    const size = started.reduce((sum, { content }) => sum + content.length, 0);
    [tasks, bytes] = [tasks + started.length, bytes + size];
    const isFull = tasks > batchTasksMax || bytes > scheduleStartBytesMax;
    if (isFull) [tasks, bytes] = [started.length, size];
    if (isFull) batches.push([fire]);
    else batches.at(-1)?.push(fire);
  }
  return batches;
}

const startedBy = (one: SlotStart) =>
  one.kind === "task" ? [one.task] : one.canvas.start.tasks.map(({ task }) => task);
