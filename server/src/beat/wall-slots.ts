import { type Instant, instantOf } from "../model/ids.ts";
import { type Slots, scheduleBounds } from "../model/schedule.ts";
import { createWallTimes, type WallFields } from "./wall-times.ts";
import type { Zone } from "./zone.ts";

const aheadMs = scheduleBounds.wallYearsAhead * 366 * 86_400_000;

/**
 * When a zone's clocks show what the fields say. Clocks that are put forward leave times out, and clocks that are put back show
 * times twice; what happens then depends on whether the fields say how often or when (docs/beat.md, docs/decisions/0043).
 */
export function createWallSlots(fields: WallFields, zone: Zone): Slots {
  const times = createWallTimes(fields);

  /** Each local time has its one instant; times that are left out share one. */
  function nextFixed(after: Instant): Instant | undefined {
    const until = after + aheadMs;
    let local: number | undefined = after + zone.offsetAt(after);
    for (;;) {
      local = times.nextAfter(local, until);
      if (local === undefined) return undefined;
      const found = zone.instantOf(local);
      // While clocks show an hour for the second time, its times have their instants in the past.
      if (found > after) return found;
    }
  }

  /** Each instant at which clocks show such a time, from one change of the clocks to the next. */
  function nextRunning(after: Instant): Instant | undefined {
    const until = after + aheadMs;
    let since = after;
    let offset = zone.offsetAt(after);
    let local = times.nextAfter(after + offset, until);
    while (local !== undefined) {
      const change = zone.changeAfter(since, local - offset);
      if (change === undefined) return instantOf(local - offset);
      since = change.at;
      offset = change.after;
      // What clocks show from the change itself on counts.
      local = times.nextAfter(since + offset - 1, until);
    }
    return undefined;
  }

  return { nextAfter: fields.isRunning ? nextRunning : nextFixed };
}
