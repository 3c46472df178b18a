import type { ScheduleProgress, SlotRecord } from "../../model/schedule-record.ts";
import { textOfRecord } from "../sql/schedule-text.ts";
import { int8s, texts } from "./arrays.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

/** What became of slots of a schedule that this transaction has locked; `after`: how it stands then. */
export type Recording = {
  /** The schedule's. */
  readonly number: number;
  readonly records: readonly SlotRecord[];
  readonly after: Pick<ScheduleProgress, "records">;
};

const insert = statement(`
  INSERT INTO slot_records (schedule, place, record) SELECT * FROM unnest($1::int8[], $2::int8[], $3::text[])`);
// Each schedule's are looked up by themselves: a plan that is made while there are few would go through those of all.
const dropOld = statement(`
  DELETE FROM slot_records WHERE ctid = ANY (ARRAY(
    SELECT r.ctid FROM unnest($1::int8[], $2::int8[]) AS u(schedule, first)
      CROSS JOIN LATERAL (SELECT o.ctid FROM slot_records o WHERE o.schedule = u.schedule AND o.place < u.first OFFSET 0) r))`);

/** Keeps records, and of each schedule no more than the newest. */
export async function keepRecords({ db, limits }: Work, recordings: readonly Recording[]): Promise<void> {
  const firstOf = ({ after }: Recording): number => after.records - limits.scheduleHistoryMax;
  const kept = recordings.flatMap((recording) =>
    recording.records
      .filter(({ place }) => place >= firstOf(recording))
      .map((record) => ({ number: recording.number, record })),
  );
  const full = recordings.filter((recording) => recording.records.length > 0 && firstOf(recording) > 0);
  if (kept.length > 0)
    await db.run(
      insert,
      int8s(kept.map(({ number }) => number)),
      int8s(kept.map(({ record }) => record.place)),
      texts(kept.map(({ record }) => textOfRecord(record))),
    );
  if (full.length > 0)
    await db.run(dropOld, int8s(full.map(({ number }) => number)), int8s(full.map(firstOf)));
}
