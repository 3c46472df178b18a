/** What is to come of a schedule, and what has. */

import type { BarrierState } from "../model/canvas.ts";
import { type Instant, plus, rootOf, type ScheduleRef } from "../model/ids.ts";
import type { Slots } from "../model/schedule.ts";
import { isActive } from "../model/schedule-change.ts";
import type { Schedule, SkipReason, SlotRecord, Started } from "../model/schedule-record.ts";
import { dueAtOf, spreadDueSlots } from "../model/slot-due.ts";
import type { TaskState } from "../model/task.ts";
import { slotsOf } from "./compile.ts";
import type { BeatDeps } from "./deps.ts";
import { read } from "./keeping.ts";

/** A slot to come, or a stretch of them: when it fires, or why it will not, as far as that is known now. */
export type Foreseen = {
  readonly slot: Instant;
  readonly dueAt: Instant;
  /** Undefined: it fires, unless what is running then is in its way. */
  readonly skip: SkipReason | "disabled" | "max_runs" | undefined;
  /** With it, all slots from `slot` on and before this are meant. */
  readonly until: Instant | undefined;
};

/** What became of a slot, and how what it started stands; undefined: that is not kept any more, or nothing was started. */
export type PastSlot = SlotRecord & { readonly state: TaskState | BarrierState | undefined };

/** Which of a schedule's records: before a place, from the newest; undefined: from the newest of all. */
export type HistoryPage = { readonly before: number | undefined; readonly limit: number };

/** Looks. Throws SCHEDULE_UNKNOWN. */
export type Looking = {
  /** What comes next, at most `limit` slots; of one that stands still, what would. */
  preview(ref: ScheduleRef, limit: number): Promise<readonly Foreseen[]>;
  history(ref: ScheduleRef, page: HistoryPage): Promise<readonly PastSlot[]>;
};

/** Makes it. */
export const createLooking = ({ store, clock }: Pick<BeatDeps, "store" | "clock">): Looking => ({
  async preview(ref, limit) {
    const schedule = await read({ store }, ref);
    return foresee(schedule, slotsOf(schedule.settings.spec), { now: clock.now(), limit });
  },
  async history(ref, { before, limit }) {
    await read({ store }, ref);
    const records = await store.listSlotRecords({ ref, before, limit });
    const stateOf = await statesOf(store, ref, records);
    return records.map((record) => ({ ...record, state: stateOf(record) }));
  },
});

type Asked = { readonly now: Instant; readonly limit: number };

/** What is to come of a schedule. Slots that are over are as its catch-up has them. */
export function foresee(schedule: Schedule, slots: Slots, { now, limit }: Asked): readonly Foreseen[] {
  const { id, settings, progress } = schedule;
  const spread = { id, slots, jitterMs: settings.jitterMs };
  // One that is over for another reason than its spec has slots that it will not fire.
  const next = progress.next ?? slots.nextAfter(plus(now, -1));
  if (next === undefined) return [];
  const due = spreadDueSlots(spread, { slot: next, catchUp: settings.catchUp }, now);
  const passed = due.skipped.map(
    ({ reason, from, until }): Foreseen => ({ slot: from, dueAt: from, skip: reason, until }),
  );
  const reasonOf = reasonsOf(schedule);
  const coming = [...due.fire, ...onwards(slots, due.next, limit)].map(
    (slot): Foreseen => ({ slot, dueAt: dueAtOf(spread, slot), skip: reasonOf(slot), until: undefined }),
  );
  return [...passed, ...coming].slice(0, limit);
}

/** A slot, and those that follow it, at most `limit`. */
function onwards(slots: Slots, first: Instant | undefined, limit: number): readonly Instant[] {
  const found: Instant[] = [];
  for (let slot = first; slot !== undefined && found.length < limit; slot = slots.nextAfter(slot))
    found.push(slot);
  return found;
}

/** Why a slot will not fire; asked of slots in their order. */
function reasonsOf(schedule: Schedule): (slot: Instant) => Foreseen["skip"] {
  const { settings, pause, progress } = schedule;
  const { expireAt, runsMax } = settings;
  let left = runsMax === undefined ? Number.POSITIVE_INFINITY : runsMax - progress.fired;
  return (slot) => {
    if (expireAt !== undefined && slot >= expireAt) return "expired";
    if (!isActive(schedule)) return pause === undefined ? "disabled" : "paused";
    left -= 1;
    return left < 0 ? "max_runs" : undefined;
  };
}

/** How what slots started stands. */
async function statesOf(
  store: Pick<BeatDeps["store"], "readHeads" | "readBarriers">,
  { namespace }: ScheduleRef,
  records: readonly SlotRecord[],
): Promise<(record: SlotRecord) => PastSlot["state"]> {
  const started = records.flatMap(({ outcome }) => (outcome.kind === "started" ? [outcome.started] : []));
  const tasks = started.filter((each) => each.kind === "task");
  const canvases = started.filter((each) => each.kind === "canvas");
  const heads = await store.readHeads(tasks.map(({ id }) => ({ namespace, id })));
  const barriers = await store.readBarriers(canvases.map(({ id }) => ({ namespace, id: rootOf(id) })));
  const states = new Map<Started["id"], PastSlot["state"]>([
    ...tasks.map(({ id }, at) => [id, heads[at]?.state] as const),
    ...canvases.map(({ id }, at) => [id, barriers[at]?.state] as const),
  ]);
  return ({ outcome }) => (outcome.kind === "started" ? states.get(outcome.started.id) : undefined);
}
