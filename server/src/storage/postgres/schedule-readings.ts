import type { Instant, ScheduleRef } from "../../model/ids.ts";
import type { Schedule, SlotRecord } from "../../model/schedule-record.ts";
import type { ScheduleBounds, SchedulePage, SlotRecordPage } from "../../ports/schedule-store.ts";
import { recordOfText } from "../sql/schedule-text.ts";
import { texts } from "./arrays.ts";
import { numberOf } from "./number-of.ts";
import { type ScheduleRow, scheduleColumns, scheduleOf } from "./schedule-rows.ts";
import { type Session, statement } from "./session.ts";

// Each is looked up by itself: a plan that is made while there are none would go through all of them.
const selectSome = statement<[at: number, ...ScheduleRow]>(`
  SELECT u.at, ${scheduleColumns} FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(namespace, id, at)
    CROSS JOIN LATERAL (
      SELECT * FROM schedules o WHERE o.namespace = ${numberOf("u.namespace")} AND o.id = u.id OFFSET 0) s`);

/** Reads schedules, in the order asked; undefined where there is none. */
export async function readSchedules(
  db: Session,
  refs: readonly ScheduleRef[],
): Promise<readonly (Schedule | undefined)[]> {
  if (refs.length === 0) return [];
  const names = texts(refs.map(({ namespace }) => namespace));
  const rows = await db.rows(selectSome, names, texts(refs.map(({ id }) => id)));
  const found = new Map(rows.map(([at, ...row]) => [at, scheduleOf(row)]));
  return refs.map((_, at) => found.get(at + 1));
}

/** The first of some schedules, in an order: $1 of them, their targets within $2 bytes, the first however large; `which` begins at $3. */
const selectFirst = (which: string, order: string) =>
  statement<ScheduleRow>(`
    SELECT ${scheduleColumns} FROM (
      SELECT f.*, row_number() OVER wanted AS at, sum(length(f.target)) OVER wanted AS bytes
      FROM (SELECT * FROM schedules WHERE ${which} ORDER BY ${order} LIMIT $1) f
      WINDOW wanted AS (ORDER BY f.${order} ROWS UNBOUNDED PRECEDING)) s
    WHERE s.at = 1 OR s.bytes <= $2 ORDER BY s.at`);
const selectPage = selectFirst(`namespace = ${numberOf("$3")} AND id > $4`, "id");
const selectDue = selectFirst("look_at IS NOT NULL AND NOT held AND look_at <= $3", "look_at");

/** Schedules of a namespace by id. */
export const listSchedules = async (
  db: Session,
  { namespace, after, limit, bytesMax }: SchedulePage,
): Promise<readonly Schedule[]> =>
  (await db.rows(selectPage, limit, bytesMax, namespace, after ?? "")).map(scheduleOf);

/** Schedules that somebody has to look at, earliest first. */
export const dueSchedules = async (
  db: Session,
  now: Instant,
  { limit, bytesMax }: ScheduleBounds,
): Promise<readonly Schedule[]> => (await db.rows(selectDue, limit, bytesMax, now)).map(scheduleOf);

const selectRecords = statement<[place: number, record: string]>(`
  SELECT r.place, r.record FROM slot_records r
  WHERE r.schedule = (SELECT s.number FROM schedules s WHERE s.namespace = ${numberOf("$1")} AND s.id = $2) AND r.place < $3
  ORDER BY r.place DESC LIMIT $4`);

/** What became of a schedule's slots, newest first. */
export async function listSlotRecords(
  db: Session,
  { ref, before = Number.MAX_SAFE_INTEGER, limit }: SlotRecordPage,
): Promise<readonly SlotRecord[]> {
  const rows = await db.rows(selectRecords, ref.namespace, ref.id, before, limit);
  return rows.map(([place, record]) => recordOfText(record, place));
}
