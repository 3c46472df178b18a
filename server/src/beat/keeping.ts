/** How schedules are made, changed, stopped, let go on and removed. */

import type { ScheduleRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import { changedSchedule, newSchedule } from "../model/schedule-change.ts";
import type { Schedule, ScheduleSettings } from "../model/schedule-record.ts";
import type { PutScheduleVerdict, SchedulePage } from "../ports/schedule-store.ts";
import { checkSettings } from "./check-settings.ts";
import { compile, slotsOf } from "./compile.ts";
import type { BeatDeps } from "./deps.ts";

/** What keeping needs. */
export type KeepingDeps = Pick<BeatDeps, "store" | "clock" | "limits" | "readTarget"> & {
  /** Told when a schedule may be due sooner than anybody looks. */
  readonly planned: (schedule: Schedule) => void;
};

/** Changes of schedules. A revision that is given has to be the schedule's. Throws StemProblem. */
export type Keeping = {
  /** SCHEDULE_EXISTS, SCHEDULE_LIMIT_REACHED. */
  create(ref: ScheduleRef, settings: ScheduleSettings): Promise<Schedule>;
  /** SCHEDULE_UNKNOWN. */
  get(ref: ScheduleRef): Promise<Schedule>;
  list(page: SchedulePage): Promise<readonly Schedule[]>;
  /** SCHEDULE_UNKNOWN, REVISION_CONFLICT. */
  update(ref: ScheduleRef, change: ChangeSettings, revision: number | undefined): Promise<Schedule>;
  /** Stops it, or says something else of why it is stopped. */
  pause(ref: ScheduleRef, said: { readonly note: string; readonly by: string }): Promise<Schedule>;
  /** Lets it go on, from now: slots from before are not caught up with. Nothing where it is not paused. */
  resume(ref: ScheduleRef): Promise<Schedule>;
  /** False: there is none. REVISION_CONFLICT. */
  remove(ref: ScheduleRef, revision: number | undefined): Promise<boolean>;
};

/** What is said of a schedule, made of what was said before. */
export type ChangeSettings = (before: ScheduleSettings) => ScheduleSettings;

/** How often a schedule may fire between being read and being written before whoever changes it is told to come back. */
export const triesMax = 10;

/** Makes it. */
export function createKeeping(deps: KeepingDeps): Keeping {
  const { store, clock, limits } = deps;
  const change = createChange(deps);
  return {
    async create(ref, settings) {
      const now = clock.now();
      check(deps, settings, ref);
      const schedule = newSchedule(ref, settings, { slots: compile(settings.spec), now });
      const verdict = await store.putSchedule({ schedule, before: undefined, records: [] });
      if (verdict.kind !== "done") throw problemOf(verdict, schedule, limits);
      deps.planned(schedule);
      return schedule;
    },
    get: (ref) => read(deps, ref),
    list: (page) => store.listSchedules(page),
    update: (ref, make, revision) =>
      change(ref, revision, ({ settings, pause }) => {
        const changed = make(settings);
        check(deps, changed, ref);
        return { settings: changed, pause };
      }),
    pause: (ref, said) =>
      change(ref, undefined, ({ settings }) => ({ settings, pause: { at: clock.now(), ...said } })),
    resume: (ref) => change(ref, undefined, ({ settings, pause }) => pause && { settings, pause: undefined }),
    async remove(ref, revision) {
      const verdict = await store.deleteSchedule(ref, revision);
      if (verdict.kind === "conflict") throw conflict(ref, verdict.revision);
      return verdict.kind === "deleted";
    },
  };
}

/** The schedule, which has to be there. */
export async function read({ store }: Pick<BeatDeps, "store">, ref: ScheduleRef): Promise<Schedule> {
  const [schedule] = await store.readSchedules([ref]);
  if (schedule === undefined) throw new StemProblem({ reason: "SCHEDULE_UNKNOWN", schedule: ref.id });
  return schedule;
}

/** Throws what is wrong with settings, with paths that begin at them. */
export function check(
  { clock, limits, readTarget }: Pick<KeepingDeps, "clock" | "limits" | "readTarget">,
  settings: ScheduleSettings,
  { namespace }: ScheduleRef,
): void {
  const violation = checkSettings(settings, limits, clock.now());
  if (violation !== undefined) throw new StemProblem({ reason: "FIELD_INVALID", violations: [violation] });
  readTarget(settings.target, namespace);
}

type Said = Pick<Schedule, "settings" | "pause">;

/** Changes a schedule as it is, and again where it has fired meanwhile. Undefined: there is nothing to change. */
function createChange(deps: KeepingDeps) {
  const { store, clock } = deps;

  /** Undefined: somebody was faster. */
  async function attempt(
    schedule: Schedule,
    decide: (schedule: Schedule) => Said | undefined,
  ): Promise<Schedule | undefined> {
    const said = decide(schedule);
    if (said === undefined) return schedule;
    const { revision, progress } = schedule;
    const coming = { slots: slotsOf(said.settings.spec), now: clock.now() };
    const changed = changedSchedule(schedule, said, coming);
    const verdict = await store.putSchedule({ ...changed, before: { revision, round: progress.round } });
    if (verdict.kind === "conflict") return undefined;
    if (verdict.kind !== "done") throw problemOf(verdict, schedule, deps.limits);
    return changed.schedule;
  }

  return async (
    ref: ScheduleRef,
    revision: number | undefined,
    decide: (schedule: Schedule) => Said | undefined,
  ): Promise<Schedule> => {
    let known = 0;
    for (let tries = 0; tries < triesMax; tries += 1) {
      const schedule = await read(deps, ref);
      known = schedule.revision;
      if (revision !== undefined && known !== revision) break;
      const changed = await attempt(schedule, decide);
      if (changed === undefined) continue;
      deps.planned(changed);
      return changed;
    }
    throw conflict(ref, known);
  };
}

type Unput = { readonly kind: "limit" | "deleting" } | Extract<PutScheduleVerdict, { kind: "conflict" }>;

/** Why a schedule was not put. */
export function problemOf(
  verdict: Unput,
  { namespace, id: schedule }: ScheduleRef,
  { schedulesPerNamespaceMax: schedulesMax }: Limits,
): StemProblem {
  switch (verdict.kind) {
    case "conflict":
      return new StemProblem({ reason: "SCHEDULE_EXISTS", schedule, revision: verdict.revision ?? 0 });
    case "limit":
      return new StemProblem({ reason: "SCHEDULE_LIMIT_REACHED", schedule, schedulesMax });
    case "deleting":
      return new StemProblem({ reason: "NAMESPACE_DISABLED", namespace, state: "deleting" });
  }
}

/** Somebody else has changed it. */
export const conflict = ({ id }: ScheduleRef, revision: number): StemProblem =>
  new StemProblem({ reason: "REVISION_CONFLICT", schedule: id, revision });
