import { type Instant, instantOf, plus } from "./ids.ts";
import type { Slots } from "./schedule.ts";

/**
 * What becomes of slots that went by, because the server was down, or its clock was put forward.
 * - none: the newest one counts if it is no more than `graceMs` old.
 * - one: the newest one counts, however old.
 * - all: each counts that is no more than `horizonMs` old, but no more than the newest `max`.
 */
export type CatchUp =
  | { readonly kind: "none"; readonly graceMs: number }
  | { readonly kind: "one" }
  | { readonly kind: "all"; readonly max: number; readonly horizonMs: number };

/** Slots that are passed over: all from `from` on and before `until`, however many they are. */
export type SkippedSlots = {
  readonly reason: "late" | "superseded" | "beyond_horizon" | "beyond_max";
  readonly from: Instant;
  readonly until: Instant;
};

/** What is to be done about a schedule at a moment. */
export type DueSlots = {
  /** The slots to fire, oldest first. */
  readonly fire: readonly Instant[];
  readonly skipped: readonly SkippedSlots[];
  /** The slot to store as the next; undefined: there is none any more. */
  readonly next: Instant | undefined;
};

/** A schedule as it stands: its slots, and the next one as it was stored. */
export type Awaiting = { readonly slots: Slots; readonly slot: Instant; readonly catchUp: CatchUp };

/**
 * Which slots are due. The stored slot is, as soon as it is not in the future, whatever the spec says by now. Since each
 * decision leaves a later slot behind, none is ever decided upon twice: a clock that was put back only makes the schedule wait.
 * It looks at a few slots for a bisection and at those it fires, so that years of seconds cost no more than a minute.
 */
export function dueSlots({ slots, slot, catchUp }: Awaiting, now: Instant): DueSlots {
  if (slot > now) return { fire: [], skipped: [], next: slot };
  const passed = { slots, slot, now };
  const [fire, skipped] = catchUp.kind === "all" ? several(passed, catchUp) : newest(passed, catchUp);
  return { fire, skipped, next: slots.nextAfter(now) };
}

/** Slots from `slot` up to now, both included. */
type Passed = { readonly slots: Slots; readonly slot: Instant; readonly now: Instant };

type Decided = readonly [fire: readonly Instant[], skipped: readonly SkippedSlots[]];

function newest(passed: Passed, catchUp: Exclude<CatchUp, { kind: "all" }>): Decided {
  const { slot, now } = passed;
  const last = lastOf(passed);
  const older = between("superseded", slot, last);
  if (catchUp.kind === "one" || now - last <= catchUp.graceMs) return [[last], older];
  return [[], between("late", slot, plus(now, 1))];
}

function several(passed: Passed, { max, horizonMs }: Extract<CatchUp, { kind: "all" }>): Decided {
  const { slots, slot, now } = passed;
  const horizon = plus(now, -horizonMs);
  const first = slot >= horizon ? slot : slots.nextAfter(plus(horizon, -1));
  if (first === undefined || first > now) return [[], between("beyond_horizon", slot, plus(now, 1))];
  const recent = { slots, slot: first, now };
  const kept = newestOf(recent, max);
  const from = kept[0] ?? plus(now, 1);
  return [kept, [...between("beyond_horizon", slot, first), ...between("beyond_max", first, from)]];
}

const between = (reason: SkippedSlots["reason"], from: Instant, until: Instant): SkippedSlots[] =>
  from < until ? [{ reason, from, until }] : [];

/** The newest slot that is not in the future: the last moment but one after which there is one. */
function lastOf({ slots, slot, now }: Passed): Instant {
  const isPassed = (at: number): boolean => (slots.nextAfter(instantOf(at)) ?? Infinity) <= now;
  return isPassed(slot) ? instantOf(lastThat(isPassed, slot, now) + 1) : slot;
}

/** The newest `max` slots, oldest first. */
function newestOf(passed: Passed, max: number): readonly Instant[] {
  const { slot, now } = passed;
  if (max < 1) return [];
  const all = upTo(passed, max + 1);
  if (all.length <= max) return all;
  // One that has more than `max` of them after it is followed by the first of the newest.
  const hasMore = (at: number): boolean =>
    upTo({ ...passed, slot: firstAfter(passed, at) }, max + 1).length > max;
  const before = lastThat(hasMore, slot - 1, now);
  return upTo({ ...passed, slot: firstAfter(passed, before + 1) }, max);
}

/** The first slot after that moment, of those that passed or the next; the stored one comes first, also if the spec does not know it. */
function firstAfter({ slots, slot }: Passed, at: number): Instant {
  if (at < slot) return slot;
  return slots.nextAfter(instantOf(at)) ?? instantOf(Number.MAX_SAFE_INTEGER);
}

/** Up to `limit` slots from `slot` on that are not in the future. */
function upTo({ slots, slot, now }: Passed, limit: number): Instant[] {
  const found: Instant[] = [];
  for (let at: Instant | undefined = slot; at !== undefined && at <= now && found.length < limit; ) {
    found.push(at);
    at = slots.nextAfter(at);
  }
  return found;
}

/** The last whole number from `from` on and before `to` of which something holds that holds for `from` and, once not, never again. */
function lastThat(holds: (value: number) => boolean, from: number, to: number): number {
  let [yes, no] = [from, to];
  while (no - yes > 1) {
    const middle = Math.floor((yes + no) / 2);
    if (holds(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}
