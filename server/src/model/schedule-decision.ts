/**
 * What is to be done about a schedule at a moment, as pure decisions: the room reads a schedule, and whether what it started last goes on;
 * the store writes what comes out, where nobody else has decided meanwhile.
 */

import { type Instant, plus } from "./ids.ts";
import { decideOverlap, type OverlapPolicy } from "./overlap.ts";
import type { Slots } from "./schedule.ts";
import type {
  Schedule,
  ScheduleProgress,
  ScheduleSettings,
  SkipReason,
  Slot,
  SlotOutcome,
  SlotRecord,
} from "./schedule-record.ts";
import { dueAtOf, spreadDueSlots } from "./slot-due.ts";
import { startedBy } from "./slot-id.ts";

/** A decision: what became of slots, oldest first, and how the schedule stands then. Records that say "started" are what to start. */
export type ScheduleDecision = {
  readonly records: readonly SlotRecord[];
  /** What was started last is to be cancelled, before anything is started. */
  readonly isLastCancelled: boolean;
  readonly after: ScheduleProgress;
};

/** A schedule as a decision finds it. */
export type Found = {
  readonly schedule: Schedule;
  readonly slots: Slots;
  /** What it started last has not ended. Looked at only where overlaps are not allowed. */
  readonly isRunning: boolean;
  readonly now: Instant;
};

/** Decides about all slots that are due, but starts no more than `startsMax`: the others are due still. */
export function decideDue(found: Found, startsMax: number): ScheduleDecision {
  const draft = draftOf(found);
  const { settings, progress } = found.schedule;
  const { waiting } = progress;
  if (waiting !== undefined && !found.isRunning) {
    draft.waiting = undefined;
    start(draft, waiting);
  }
  if (progress.next === undefined) return decided(draft, undefined);
  const { expireAt } = settings;
  if (expireAt !== undefined && found.now >= expireAt) return expired(draft, progress.next);
  return decided(draft, passDue(draft, progress.next, startsMax));
}

/** Decides about something that somebody asks for now. */
export function decideTrigger(found: Found, request: string, overlap: OverlapPolicy): ScheduleDecision {
  const draft = draftOf(found);
  meet(draft, { slot: found.now, dueAt: found.now, cause: "trigger", request }, overlap);
  return decided(draft, found.schedule.progress.next);
}

/** Starts slots of the past, beside whatever goes on. */
export function decideBackfill(found: Found, slots: readonly Instant[], request: string): ScheduleDecision {
  const draft = draftOf(found);
  for (const slot of slots) {
    const own: Slot = { slot, dueAt: slot, cause: "backfill", request };
    note(draft, own, { kind: "started", started: startedBy(found.schedule, own) });
  }
  return decided(draft, found.schedule.progress.next);
}

/** A decision while it is made. */
type Draft = {
  readonly found: Found;
  readonly records: SlotRecord[];
  isRunning: boolean;
  isLastCancelled: boolean;
  waiting: ScheduleProgress["waiting"];
  last: ScheduleProgress["last"];
  passed: Instant | undefined;
  fired: number;
};

function draftOf(found: Found): Draft {
  const { waiting, last, passed, fired } = found.schedule.progress;
  return {
    ...{ found, records: [], isRunning: found.isRunning, isLastCancelled: false },
    ...{ waiting, last, passed, fired },
  };
}

/** Decides about the slots from `next` on; answers the one that comes then. */
function passDue(draft: Draft, next: Instant, startsMax: number): Instant | undefined {
  const { schedule, slots, now } = draft.found;
  const { catchUp, jitterMs, overlap } = schedule.settings;
  const spread = { id: schedule.id, slots, jitterMs };
  const due = spreadDueSlots(spread, { slot: next, catchUp }, now);
  for (const { reason, from, until } of due.skipped) skip(draft, ofSlot(from, from), reason, until);
  const [fire, rest] = [due.fire.slice(0, startsMax), due.fire.slice(startsMax)];
  for (const [at, slot] of fire.entries()) {
    if (isSpent(draft)) return undefined;
    const own = ofSlot(slot, dueAtOf(spread, slot));
    const isReplaced = overlap === "cancel_running" && at < due.fire.length - 1;
    if (isReplaced) skip(draft, own, "superseded");
    else meet(draft, own, overlap);
  }
  return rest[0] ?? due.next;
}

const ofSlot = (slot: Instant, dueAt: Instant): Slot => ({ slot, dueAt, cause: "due", request: undefined });

/** Decides about one slot, by what goes on. */
function meet(draft: Draft, slot: Slot, policy: OverlapPolicy): void {
  const { isRunning, waiting } = draft;
  const decision = decideOverlap(policy, { isRunning, isOneWaiting: waiting !== undefined });
  switch (decision.kind) {
    case "start":
      start(draft, slot);
      break;
    case "cancel_and_start":
      draft.isLastCancelled = draft.found.isRunning;
      start(draft, slot);
      break;
    case "wait":
      draft.waiting = { ...slot, since: draft.found.now };
      break;
    case "skip":
      skip(draft, slot, decision.reason);
  }
}

function start(draft: Draft, { slot, dueAt, cause, request }: Slot): void {
  const { schedule, now } = draft.found;
  const started = startedBy(schedule, { slot, cause, request });
  note(draft, { slot, dueAt, cause, request }, { kind: "started", started });
  draft.last = { slot, at: now, started };
  draft.isRunning = true;
  if (cause === "due") draft.fired += 1;
}

const skip = (draft: Draft, slot: Slot, reason: SkipReason, until?: Instant): void =>
  note(draft, slot, { kind: "skipped", reason, until });

function note(draft: Draft, slot: Slot, outcome: SlotOutcome): void {
  const { schedule, now } = draft.found;
  const place = schedule.progress.records + draft.records.length;
  draft.records.push({ ...slot, place, at: now, outcome });
  const { passed } = draft;
  if (slot.cause === "due" && (passed === undefined || slot.slot > passed)) draft.passed = slot.slot;
}

const isSpent = ({ fired, waiting, found }: Draft): boolean =>
  found.schedule.settings.runsMax !== undefined &&
  fired + (waiting?.cause === "due" ? 1 : 0) >= found.schedule.settings.runsMax;

function expired(draft: Draft, next: Instant): ScheduleDecision {
  const { now } = draft.found;
  if (next <= now) skip(draft, ofSlot(next, next), "expired", plus(now, 1));
  return decided(draft, undefined);
}

function decided(draft: Draft, slot: Instant | undefined): ScheduleDecision {
  const { found, records, isLastCancelled, waiting, last, passed, fired } = draft;
  const { progress } = found.schedule;
  const next = isSpent(draft) ? undefined : beforeExpiry(found.schedule.settings, slot);
  const hadNext = progress.next !== undefined;
  return {
    ...{ records, isLastCancelled },
    after: standing(found, {
      ...{ round: progress.round + 1, next, waiting, last, passed, fired },
      records: progress.records + records.length,
      end: hadNext && next === undefined ? endOf(draft, slot) : progress.end,
    }),
  };
}

function endOf(draft: Draft, slot: Instant | undefined): ScheduleProgress["end"] {
  if (isSpent(draft)) return "max_runs";
  const { expireAt } = draft.found.schedule.settings;
  return slot !== undefined || (expireAt !== undefined && draft.found.now >= expireAt) ? "expired" : "over";
}

/** The slot, unless it comes too late. */
export const beforeExpiry = (
  { expireAt }: Pick<ScheduleSettings, "expireAt">,
  slot: Instant | undefined,
): Instant | undefined =>
  slot === undefined || (expireAt !== undefined && slot >= expireAt) ? undefined : slot;

/** A waiting slot is looked at again after an eighth of what it has waited, within these. */
const waitingLookMs = { min: 1000, max: 60_000 };

/** The same progress, with when somebody has to look at it. */
export function standing(
  { schedule, slots, now }: Pick<Found, "schedule" | "slots" | "now">,
  progress: Omit<ScheduleProgress, "lookAt">,
): ScheduleProgress {
  const { next, waiting } = progress;
  const { id, settings } = schedule;
  const { min, max } = waitingLookMs;
  const looks = [
    ...(next === undefined ? [] : [dueAtOf({ id, slots, jitterMs: settings.jitterMs }, next)]),
    ...(waiting === undefined ? [] : [plus(now, Math.min(max, Math.max(min, (now - waiting.since) >> 3)))]),
  ];
  return { ...progress, lookAt: looks.toSorted((a, b) => a - b)[0] };
}
