import type { Instant, ScheduleRef } from "../../model/ids.ts";
import type { Schedule, SlotRecord } from "../../model/schedule-record.ts";
import { recordsAsTheyCame } from "../../model/slot-outcome.ts";
import type {
  DeleteScheduleVerdict,
  FireVerdict,
  PutScheduleVerdict,
  ScheduleBounds,
  ScheduleFire,
  SchedulePage,
  SchedulePut,
  ScheduleStore,
  SlotRecordPage,
  SlotStart,
} from "../../ports/schedule-store.ts";
import { notMadeWhy } from "../not-made.ts";
import { acceptPromised } from "./accept.ts";
import { submitCanvas } from "./canvas-store.ts";
import type { ScheduleEntry } from "./entry.ts";
import { spaceRoom } from "./rooms.ts";
import type { Space } from "./space.ts";
import { type State, spaceOf } from "./state.ts";

/** Schedules; `call` runs a verb as one transaction. */
export const createScheduleStore = (
  state: State,
  call: <T>(verb: () => T, now?: Instant) => Promise<T>,
): ScheduleStore => ({
  putSchedule: (put) => call(() => putSchedule(state, put)),
  readSchedules: (refs) => call(() => refs.map((ref) => entryAt(state, ref)?.schedule)),
  listSchedules: (page) => call(() => listSchedules(state, page)),
  deleteSchedule: (ref, revision) => call(() => deleteSchedule(state, ref, revision)),
  dueSchedules: (now, bounds) => call(() => dueSchedules(state, now, bounds)),
  fireSchedules: (fires, now) => call(() => fires.map((fire) => fireOne(state, fire, now)), now),
  listSlotRecords: (page) => call(() => listSlotRecords(state, page)),
});

/** Removes schedules of a namespace with their records, up to a number; answers how many. */
export function removeSchedules(state: State, { schedules }: Space, limit: number): number {
  const entries = schedules.values().take(limit).toArray();
  for (const entry of entries) {
    unplan(state, entry);
    schedules.delete(entry.schedule.id);
  }
  return entries.length;
}

const entryAt = ({ spaces }: State, { namespace, id }: ScheduleRef): ScheduleEntry | undefined =>
  spaces.get(namespace)?.schedules.get(id);

function putSchedule(state: State, { schedule, before, records }: SchedulePut): PutScheduleVerdict {
  const { namespace, id, settings } = schedule;
  const space = spaceOf(state, namespace);
  if (spaceRoom(state, space).state === "deleting") return { kind: "deleting" };
  const found = space.schedules.get(id);
  const { revision, progress } = found?.schedule ?? {};
  if (revision !== before?.revision || progress?.round !== before?.round)
    return { kind: "conflict", revision };
  if (found === undefined && space.schedules.size >= state.limits.schedulesPerNamespaceMax)
    return { kind: "limit" };
  const target = { ...settings.target, content: settings.target.content.slice() };
  const entry = found ?? { schedule, records: [], place: -1 };
  if (found !== undefined) unplan(state, found);
  entry.schedule = { ...schedule, settings: { ...settings, target } };
  space.schedules.set(id, entry);
  plan(state, entry);
  keepRecords(state, entry, records);
  return { kind: "done" };
}

function plan({ planned }: State, entry: ScheduleEntry): void {
  if (entry.schedule.progress.lookAt !== undefined) planned.add(entry);
}

function unplan({ planned }: State, entry: ScheduleEntry): void {
  if (entry.schedule.progress.lookAt !== undefined) planned.remove(entry);
}

function keepRecords({ limits }: State, { records }: ScheduleEntry, more: readonly SlotRecord[]): void {
  records.push(...more);
  records.splice(0, Math.max(0, records.length - limits.scheduleHistoryMax));
}

function listSchedules(
  { spaces }: State,
  { namespace, after, ...bounds }: SchedulePage,
): readonly Schedule[] {
  const all = [...(spaces.get(namespace)?.schedules.values() ?? [])].map(({ schedule }) => schedule);
  const wanted = all.filter(({ id }) => after === undefined || id > after);
  return within(
    wanted.sort((a, b) => (a.id < b.id ? -1 : 1)),
    bounds,
  );
}

function within(schedules: readonly Schedule[], { limit, bytesMax }: ScheduleBounds): readonly Schedule[] {
  let bytes = 0;
  const beyond = schedules.findIndex(({ settings }, at) => {
    bytes += settings.target.content.length;
    return at === limit || (at > 0 && bytes > bytesMax);
  });
  return beyond < 0 ? schedules : schedules.slice(0, beyond);
}

function deleteSchedule(state: State, ref: ScheduleRef, revision: number | undefined): DeleteScheduleVerdict {
  const entry = entryAt(state, ref);
  if (entry === undefined) return { kind: "unknown" };
  const { schedule } = entry;
  if (revision !== undefined && schedule.revision !== revision)
    return { kind: "conflict", revision: schedule.revision };
  remove(state, entry);
  return { kind: "deleted" };
}

function remove(state: State, entry: ScheduleEntry): void {
  const { namespace, id } = entry.schedule;
  unplan(state, entry);
  state.spaces.get(namespace)?.schedules.delete(id);
}

function dueSchedules(state: State, now: Instant, bounds: ScheduleBounds): readonly Schedule[] {
  const { planned } = state;
  const [taken, due]: [ScheduleEntry[], Schedule[]] = [[], []];
  for (
    let entry = planned.first();
    entry !== undefined && due.length < bounds.limit;
    entry = planned.first()
  ) {
    const { schedule } = entry;
    if ((schedule.progress.lookAt ?? now) > now) break;
    planned.remove(entry);
    taken.push(entry);
    if (isFiring(state, schedule)) due.push(schedule);
  }
  for (const entry of taken) planned.add(entry);
  return within(due, bounds);
}

/** Whether its namespace lets anything begin. */
const isFiring = (state: State, { namespace }: ScheduleRef): boolean =>
  spaceRoom(state, spaceOf(state, namespace)).state === "active";

function fireOne(state: State, fire: ScheduleFire, now: Instant): FireVerdict {
  const { ref, revision, round, records, starts, after } = fire;
  const entry = entryAt(state, ref);
  const isIt = entry?.schedule.revision === revision && entry.schedule.progress.round === round;
  if (entry === undefined || !isIt || !isFiring(state, ref)) return { kind: "conflict" };
  const notMade = starts.flatMap((one) => {
    const why = startOne(state, one, now);
    return why === undefined ? [] : [{ place: one.place, why }];
  });
  if (after === "removed") remove(state, entry);
  else {
    unplan(state, entry);
    entry.schedule = { ...entry.schedule, progress: after };
    plan(state, entry);
    keepRecords(state, entry, recordsAsTheyCame(records, notMade));
  }
  return { kind: "fired", notMade };
}

/** Starts what a slot starts; answers why it could not be made. */
function startOne(state: State, one: SlotStart, now: Instant): string | undefined {
  if (one.kind === "canvas") return notMadeWhy(submitCanvas(state, one.canvas, now));
  const { namespace, id } = one.task;
  const { tasks, tombstones } = spaceOf(state, namespace);
  const isThere = tasks.has(id) || tombstones.has(id);
  return isThere || acceptPromised(state, one.task, now) ? undefined : "unique_taken";
}

function listSlotRecords(state: State, { ref, before, limit }: SlotRecordPage): readonly SlotRecord[] {
  const records = entryAt(state, ref)?.records ?? [];
  return records
    .filter(({ place }) => before === undefined || place < before)
    .toReversed()
    .slice(0, limit);
}
