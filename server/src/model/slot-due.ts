import { type CatchUp, type DueSlots, dueSlots } from "./catch-up.ts";
import { type Instant, instantOf, plus, type ScheduleId } from "./ids.ts";
import type { Slots } from "./schedule.ts";
import { jitterOf } from "./slot-jitter.ts";

/** A schedule's slots, and how far they are spread. */
export type SpreadSlots = { readonly id: ScheduleId; readonly slots: Slots; readonly jitterMs: number };

/** When a slot fires: later by its part of the jitter, but before the next one, so that none is overtaken. */
export function dueAtOf({ id, slots, jitterMs }: SpreadSlots, slot: Instant): Instant {
  if (jitterMs === 0) return slot;
  const gap = (slots.nextAfter(slot) ?? Number.POSITIVE_INFINITY) - slot;
  return plus(slot, jitterOf(id, slot, Math.min(jitterMs, gap - 1)));
}

/** What is to be done about the slots from `slot` on: as dueSlots says, of those whose part of the jitter is over. Grace begins after it. */
export function spreadDueSlots(
  spread: SpreadSlots,
  { slot, catchUp }: { readonly slot: Instant; readonly catchUp: CatchUp },
  now: Instant,
): DueSlots {
  const { slots, jitterMs } = spread;
  const within = (until: Instant): DueSlots =>
    dueSlots({ slots, slot, catchUp: graced(catchUp, jitterMs) }, until);
  if (jitterMs === 0) return within(now);
  // Only the newest one may not be due yet: each fires before the next one's time.
  const [newest] = dueSlots({ slots, slot, catchUp: { kind: "one" } }, now).fire;
  if (newest === undefined || dueAtOf(spread, newest) <= now) return within(now);
  return within(instantOf(newest - 1));
}

const graced = (catchUp: CatchUp, jitterMs: number): CatchUp =>
  catchUp.kind === "none" ? { ...catchUp, graceMs: catchUp.graceMs + jitterMs } : catchUp;
