import type { Schedule } from "../../model/schedule-record.ts";
import type { PutScheduleVerdict, SchedulePut } from "../../ports/schedule-store.ts";
import { textOfPause, textOfProgress, textOfSettings } from "../sql/schedule-text.ts";
import { isFiring } from "./hold-schedules.ts";
import { lockSchedules, scheduleKey } from "./lock-schedules.ts";
import { Conflict } from "./problems.ts";
import { statement, type Value } from "./session.ts";
import { keepRecords } from "./slot-records.ts";
import type { Work } from "./work.ts";

/** Keeps a schedule in the place of the one that it was decided from. */
export async function putSchedule(
  work: Work,
  { schedule, before, records }: SchedulePut,
): Promise<PutScheduleVerdict> {
  const { db, queues, rules } = work;
  const { namespace, progress } = schedule;
  const space = await queues.makeNamespace(db, namespace);
  if (rules.spaces.get(namespace)?.state === "deleting") return { kind: "deleting" };
  const found = (await lockSchedules(work, [schedule])).get(scheduleKey(schedule));
  const { revision, round } = found ?? {};
  if (revision !== before?.revision || round !== before?.round) return { kind: "conflict", revision };
  if (found === undefined && !(await hasRoom(work, space))) return { kind: "limit" };
  const number = await write(work, space, schedule, found === undefined ? insert : update);
  await keepRecords(work, [{ number, records, after: progress }]);
  return { kind: "done" };
}

// Whoever makes a schedule counts first, one after the other.
const lockNamespace = statement("SELECT FROM namespaces WHERE id = $1 FOR NO KEY UPDATE");
const count = statement<[number]>("SELECT count(*) FROM schedules WHERE namespace = $1");

async function hasRoom({ db, limits }: Work, space: number): Promise<boolean> {
  const [, [row]] = await Promise.all([db.rows(lockNamespace, space), db.rows(count, space)]);
  return (row?.[0] ?? 0) < limits.schedulesPerNamespaceMax;
}

const said = [
  ...["revision", "round", "held", "look_at", "records", "created_at", "changed_at", "is_canvas", "target"],
  ...["settings", "pause", "progress"],
];
const insert = statement<[number: number]>(`
  INSERT INTO schedules (namespace, id, ${said.join(", ")}) VALUES ($1, $2, ${said.map((_, at) => `$${at + 3}`).join(", ")})
  ON CONFLICT (namespace, id) DO NOTHING RETURNING number`);
const update = statement<[number: number]>(`
  UPDATE schedules SET ${said.map((name, at) => `${name} = $${at + 3}`).join(", ")}
  WHERE namespace = $1 AND id = $2 RETURNING number`);

async function write(
  { db, rules }: Work,
  space: number,
  schedule: Schedule,
  how: typeof insert,
): Promise<number> {
  const isHeld = !isFiring({ rules }, schedule);
  const [row] = await db.rows(how, space, schedule.id, ...valuesOf(schedule, isHeld));
  // Another server has made it meanwhile.
  if (row === undefined) throw new Conflict("a schedule was overtaken");
  return row[0];
}

function valuesOf(
  { settings, revision, createdAt, changedAt, pause, progress }: Schedule,
  isHeld: boolean,
): readonly Value[] {
  const { kind, content } = settings.target;
  return [
    ...[revision, progress.round, isHeld, progress.lookAt ?? null, progress.records, createdAt, changedAt],
    ...[kind === "canvas", Buffer.from(content), textOfSettings(settings)],
    ...[textOfPause({ pause }) ?? null, textOfProgress(progress)],
  ];
}
