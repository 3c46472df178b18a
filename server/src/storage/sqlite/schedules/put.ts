import type { ScheduleRef } from "../../../model/ids.ts";
import type { DeleteScheduleVerdict, PutScheduleVerdict } from "../../../ports/schedule-store.ts";
import { command, type Database, query } from "../files/connection.ts";
import { isActive } from "../queue-entry.ts";
import type { Writing } from "../writing.ts";
import type { KeptSchedule, PutToKeep } from "./kept-schedule.ts";
import type { SlotRecords } from "./records.ts";
import { createRemoveSchedule } from "./remove.ts";
import { progressColumns, saidColumns, valuesOfProgress, valuesOfSaid } from "./schedule-row.ts";

/** What a change is guarded by. */
type FoundRow = [seq: number, revision: number, round: number];

const selectFound = `
  SELECT s.seq, p.revision, p.round FROM schedules s INDEXED BY schedules_id CROSS JOIN schedule_progress p ON p.seq = s.seq
  WHERE s.namespace = ? AND s.id = ?`;

/** Makes putSchedule: keeps a schedule in place of the one that it was decided from. */
export function createPutSchedule(
  { db, limits, queues, schedules }: Writing,
  records: SlotRecords,
): (put: PutToKeep) => PutScheduleVerdict {
  const find = query<FoundRow>(db, selectFound);
  const write = createWrite(db);
  return ({ schedule, before, records: more }) => {
    const { namespace, id } = schedule;
    const space = queues.spaces.find(namespace);
    if (space?.record?.state === "deleting") return { kind: "deleting" };
    const [seq, revision, round] = (space && find.get(space.id, id)) ?? [];
    if (revision !== before?.revision || round !== before?.round) return { kind: "conflict", revision };
    const isNew = seq === undefined;
    const count = space === undefined ? 0 : schedules.of(space.id);
    if (isNew && count >= limits.schedulesPerNamespaceMax) return { kind: "limit" };
    const owner = space ?? queues.spaces.make(namespace);
    if (isNew) schedules.moved(owner.id, 1);
    const written = write(schedule, { seq, space: owner.id, isActive: isActive(owner) });
    records.keep(written, more);
    return { kind: "done" };
  };
}

type Place = {
  /** Its number; undefined: it is new. */
  readonly seq: number | undefined;
  readonly space: number;
  readonly isActive: boolean;
};

/** Writes a schedule in place of the one of its number; answers the number. */
function createWrite(db: Database): (schedule: KeptSchedule, place: Place) => number {
  const writeSaid = query<[seq: number]>(
    db,
    `INSERT OR REPLACE INTO schedules (seq, namespace, id, ${saidColumns.join(", ")})
     VALUES (?, ?, ?, ${saidColumns.map(() => "?").join(", ")}) RETURNING seq`,
  );
  const writeProgress = command(
    db,
    `INSERT OR REPLACE INTO schedule_progress (seq, revision, due_at, ${progressColumns.join(", ")})
     VALUES (?, ?, ?, ${progressColumns.map(() => "?").join(", ")})`,
  );
  return (schedule, { seq: known, space, isActive: isDue }) => {
    const { id, revision, progress: now } = schedule;
    const [seq] = writeSaid.get(known ?? null, space, id, ...valuesOfSaid(schedule)) ?? [];
    if (seq === undefined) throw new Error("a schedule that was written has no number");
    const dueAt = isDue ? (now.lookAt ?? null) : null;
    writeProgress(seq, revision, dueAt, ...valuesOfProgress(now));
    return seq;
  };
}

/** Makes deleteSchedule: removes a schedule with its records, if it is of the revision that is meant. */
export function createDeleteSchedule({
  db,
  queues,
  schedules,
}: Writing): (ref: ScheduleRef, revision: number | undefined) => DeleteScheduleVerdict {
  const find = query<FoundRow>(db, selectFound);
  const remove = createRemoveSchedule(db);
  return ({ namespace, id }, wanted) => {
    const space = queues.namespaceId(namespace);
    const found = space === undefined ? undefined : find.get(space, id);
    if (space === undefined || found === undefined) return { kind: "unknown" };
    const [seq, revision] = found;
    if (wanted !== undefined && revision !== wanted) return { kind: "conflict", revision };
    remove(seq);
    schedules.moved(space, -1);
    return { kind: "deleted" };
  };
}
