import type { ScheduleId, ScheduleRef } from "../../model/ids.ts";
import type { DeleteScheduleVerdict } from "../../ports/schedule-store.ts";
import { int4s, int8s, texts } from "./arrays.ts";
import { type Locked, lockSchedules, scheduleKey } from "./lock-schedules.ts";
import type { SpaceRef } from "./rooms.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

/** Removes a schedule, if it is of that revision. */
export async function deleteSchedule(
  work: Work,
  ref: ScheduleRef,
  revision: number | undefined,
): Promise<DeleteScheduleVerdict> {
  const found = (await lockSchedules(work, [ref])).get(scheduleKey(ref));
  if (found === undefined) return { kind: "unknown" };
  if (revision !== undefined && found.revision !== revision)
    return { kind: "conflict", revision: found.revision };
  await dropSchedules(work.db, [found]);
  return { kind: "deleted" };
}

const dropRecords = statement("DELETE FROM slot_records WHERE schedule = ANY ($1::int8[])");
const drop = statement(`
  DELETE FROM schedules s USING unnest($1::int4[], $2::text[]) AS u(namespace, id)
  WHERE s.namespace = u.namespace AND s.id = u.id`);

/** Removes schedules with their records. */
export async function dropSchedules(db: Session, locked: readonly Locked[]): Promise<void> {
  if (locked.length === 0) return;
  await Promise.all([
    db.run(dropRecords, int8s(locked.map(({ number }) => number))),
    db.run(drop, int4s(locked.map(({ space }) => space)), texts(locked.map(({ ref }) => ref.id))),
  ]);
}

// A record counts as much as a schedule. No more of one are kept than there have been, nor than the newest.
const selectFirst = statement<[id: ScheduleId]>(`
  SELECT s.id FROM (
    SELECT f.id, row_number() OVER wanted AS at, sum(1 + least(f.records, $3)) OVER wanted AS size
    FROM (SELECT id, records FROM schedules WHERE namespace = $1 ORDER BY id LIMIT $2) f
    WINDOW wanted AS (ORDER BY f.id ROWS UNBOUNDED PRECEDING)) s
  WHERE s.at = 1 OR s.size <= $2`);

/** Removes the first schedules of a namespace with their records, together so many rows, but one schedule at least; answers how many. */
export async function clearSchedules(
  work: Work,
  { id: space, name: namespace }: SpaceRef,
  limit: number,
): Promise<number> {
  const { db, limits } = work;
  const first = await db.rows(selectFirst, space, limit, limits.scheduleHistoryMax);
  const locked = await lockSchedules(
    work,
    first.map(([id]) => ({ namespace, id })),
  );
  await dropSchedules(db, [...locked.values()]);
  return locked.size;
}
