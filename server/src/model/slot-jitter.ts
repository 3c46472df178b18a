import { sipHash, sipKeyOf } from "../lib/sip-hash.ts";
import type { Instant, ScheduleId } from "./ids.ts";

/** Nothing to keep secret: it is only to spread. Never change it, for two servers of a store must agree. */
const key = sipKeyOf(Buffer.from("stem.slot.jitter"));

/**
 * How long after its slot a schedule fires, in whole milliseconds from 0 to `maxMs`, both included. It follows from the
 * schedule and the slot alone, so that every server and every attempt finds the same, and the slots of a thousand schedules at
 * midnight spread evenly.
 */
export function jitterOf(scheduleId: ScheduleId, slot: Instant, maxMs: number): number {
  const { low, high } = sipHash(key, Buffer.from(`${slot} ${scheduleId}`));
  const share = ((high >>> 0) * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  return Math.floor(share * (maxMs + 1));
}
