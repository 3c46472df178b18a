import type {
  Schedule,
  SchedulePause,
  ScheduleProgress,
  ScheduleSettings,
  ScheduleTarget,
  SlotRecord,
} from "../../model/schedule-record.ts";

/** What is said of a schedule, as text: JSON, but for its target. */
export const textOfSettings = ({ target: _, ...said }: ScheduleSettings): string => JSON.stringify(said);

/** What was written so, and the target that was kept beside it. */
export function settingsOfText(text: string, target: ScheduleTarget): ScheduleSettings {
  // What is undefined is not in the text.
  const said = JSON.parse(text) as Omit<ScheduleSettings, "target">;
  return { ...said, target, expireAt: said.expireAt, runsMax: said.runsMax, priority: said.priority };
}

/** Why a schedule was stopped, as text: JSON. */
export const textOfPause = ({ pause }: Pick<Schedule, "pause">): string | undefined =>
  pause && JSON.stringify(pause);

/** What was written so. */
export const pauseOfText = (text: string): SchedulePause => JSON.parse(text) as SchedulePause;

/** What of a schedule's progress is kept by itself, so that it can be asked for. */
type Beside = Pick<ScheduleProgress, "round" | "lookAt" | "records">;

/** How far a schedule has come, as text: JSON, but for what is kept beside it. */
export const textOfProgress = ({ round: _, lookAt: __, records: ___, ...come }: ScheduleProgress): string =>
  JSON.stringify(come);

/** What was written so, and what was kept beside it. */
export function progressOfText(text: string, beside: Beside): ScheduleProgress {
  const come = JSON.parse(text) as Omit<ScheduleProgress, keyof Beside>;
  const { next, waiting, passed, last, end } = come;
  return {
    ...{ ...come, ...beside, next, passed, last, end },
    waiting: waiting && { ...waiting, request: waiting.request },
  };
}

/** What became of a slot, as text: JSON, but for the place of its record. */
export const textOfRecord = ({ place: _, ...record }: SlotRecord): string => JSON.stringify(record);

/** The record of a place that was written so. */
export function recordOfText(text: string, place: number): SlotRecord {
  const record = JSON.parse(text) as Omit<SlotRecord, "place">;
  const { request, outcome } = record;
  return {
    ...{ ...record, place, request },
    outcome: outcome.kind === "skipped" ? { ...outcome, until: outcome.until } : outcome,
  };
}
