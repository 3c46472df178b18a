/** What somebody asks of a schedule besides its slots: to start now, and to start for slots of the past. */

import { type Instant, rootOf, type ScheduleRef } from "../model/ids.ts";
import type { OverlapPolicy } from "../model/overlap.ts";
import { fieldInvalid, StemProblem } from "../model/problem.ts";
import { scheduleBounds } from "../model/schedule.ts";
import { decideBackfill, decideTrigger, type ScheduleDecision } from "../model/schedule-decision.ts";
import type { Schedule, SlotRecord, Started } from "../model/schedule-record.ts";
import { startedBy } from "../model/slot-id.ts";
import { slotsOf } from "./compile.ts";
import type { BeatDeps } from "./deps.ts";
import type { Firing } from "./firing.ts";
import { read } from "./keeping.ts";
import { occurrences } from "./occurrences.ts";
import { runningOf } from "./running.ts";

/** What asking needs. */
export type AskingDeps = Pick<BeatDeps, "store" | "clock" | "limits"> & { readonly firing: Firing };

/** A wish for now. */
export type TriggerWish = {
  /** Names it: the same again starts nothing again. */
  readonly request: string;
  /** Undefined: the schedule's own. */
  readonly overlap: OverlapPolicy | undefined;
};

/** A wish for slots of the past: from `from` on, before `to`, beside whatever goes on. */
export type BackfillWish = { readonly request: string; readonly from: Instant; readonly to: Instant };

/** Asks, also of a schedule that is paused or over. Throws SCHEDULE_UNKNOWN, REVISION_CONFLICT. */
export type Asking = {
  /** Starts what it starts, once for each request, as its policy for overlaps says. */
  trigger(ref: ScheduleRef, wish: TriggerWish): Promise<Triggered>;
  /** Starts each slot of a range, at most 1,000; answers what became of them, oldest first. */
  backfill(ref: ScheduleRef, wish: BackfillWish): Promise<readonly SlotRecord[]>;
};

/** What became of a wish. repeated: it was granted before. */
export type Triggered =
  | { readonly kind: "waiting" }
  | { readonly kind: "repeated"; readonly started: Started }
  | { readonly kind: "decided"; readonly record: SlotRecord };

/** How often a schedule may change between being read and being written before whoever asks is told to come back. */
const triesMax = 10;

/** Makes it. */
export function createAsking({ store, clock, limits, firing }: AskingDeps): Asking {
  /** Decides about a schedule as it is, and again where somebody else has meanwhile. */
  async function decide(
    ref: ScheduleRef,
    make: (schedule: Schedule, isRunning: boolean, now: Instant) => ScheduleDecision,
  ): Promise<readonly SlotRecord[]> {
    let revision = 0;
    for (let tries = 0; tries < triesMax; tries += 1) {
      const schedule = await read({ store }, ref);
      revision = schedule.revision;
      const running = await runningOf(store, [schedule]);
      const now = clock.now();
      const decision = make(schedule, running.has(schedule), now);
      const records = await firing.applyOne(schedule, decision, now);
      if (records !== undefined) return records;
    }
    throw new StemProblem({ reason: "REVISION_CONFLICT", schedule: ref.id, revision });
  }

  return {
    async trigger(ref, { request, overlap }) {
      const schedule = await read({ store }, ref);
      const started = startedBy(schedule, { slot: clock.now(), cause: "trigger", request });
      if (await isThere(store, schedule, started)) return { kind: "repeated", started };
      if (schedule.progress.waiting?.request === request) return { kind: "waiting" };
      const [record] = await decide(ref, (found, isRunning, now) =>
        decideTrigger(foundOf(found, isRunning, now), request, overlap ?? found.settings.overlap),
      );
      return record === undefined ? { kind: "waiting" } : { kind: "decided", record };
    },
    async backfill(ref, { request, from, to }) {
      const max = scheduleBounds.catchUpSlotsMax;
      if (to <= from) throw fieldInvalid("to_time", "must be after the start of the range");
      if (to > clock.now()) throw fieldInvalid("to_time", "must not be in the future");
      const { settings } = await read({ store }, ref);
      const slots = [...occurrences(slotsOf(settings.spec), { from, to, limit: max + 1 })];
      if (slots.length > max) throw fieldInvalid("to_time", `more than ${max} slots are in the range`);
      const records: SlotRecord[] = [];
      for (let at = 0; at < slots.length; at += limits.scheduleStartsMax) {
        const piece = slots.slice(at, at + limits.scheduleStartsMax);
        records.push(
          ...(await decide(ref, (found, isRunning, now) =>
            decideBackfill(foundOf(found, isRunning, now), piece, request),
          )),
        );
      }
      return records;
    },
  };
}

const foundOf = (schedule: Schedule, isRunning: boolean, now: Instant) => ({
  ...{ schedule, isRunning, now },
  slots: slotsOf(schedule.settings.spec),
});

async function isThere(
  store: Pick<BeatDeps["store"], "readHeads" | "readBarriers">,
  { namespace }: ScheduleRef,
  started: Started,
): Promise<boolean> {
  if (started.kind === "task")
    return (await store.readHeads([{ namespace, id: started.id }]))[0] !== undefined;
  return (await store.readBarriers([{ namespace, id: rootOf(started.id) }]))[0] !== undefined;
}
