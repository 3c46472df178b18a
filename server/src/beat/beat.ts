/**
 * Beat: what is started by the clock. It turns a spec into slots, the instants that it means, keeps schedules, and fires their slots. The
 * rules stand in docs/beat.md, those of clocks that change in docs/decisions/0043; what is to be done about a schedule at a moment is
 * decided in model/schedule-decision.ts, in which model/catch-up.ts says what becomes of slots that went by, and model/overlap.ts of
 * those that overlap. Read on in compile.ts (slots), keeping.ts (how schedules change), applying.ts (many of them), firing.ts, asking.ts, looking.ts.
 */

export type { AppliedSchedule, ApplyWish } from "./applying.ts";
export type { BackfillWish, Triggered, TriggerWish } from "./asking.ts";
export { checkCatchUp } from "./check-catch-up.ts";
export { checkSpec } from "./check-spec.ts";
export { compile, firstSlot, nextAfter } from "./compile.ts";
export type { BeatDeps, MarkSlot, ReadTarget, TargetDraft } from "./deps.ts";
export type { Foreseen, PastSlot } from "./looking.ts";
export { occurrences, type Range } from "./occurrences.ts";
export { createSchedules, type Schedules } from "./schedules.ts";
