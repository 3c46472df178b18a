import { instantOf, namespaceOf, scheduleIdOf } from "../../../model/ids.ts";
import type { SchedulePause, ScheduleProgress } from "../../../model/schedule-record.ts";
import type { PutScheduleVerdict } from "../../../ports/schedule-store.ts";
import { endings, startedKinds, startedOf } from "../schedules/codes.ts";
import type { KeptSchedule, PutToKeep } from "../schedules/kept-schedule.ts";
import { readInstant } from "./change.ts";
import { packed, plain, readList, readMaybe, writeList, writeMaybe } from "./coder.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";
import { readRecord, readSlot, writeRecord, writeSlot } from "./slot-record.ts";

/** How putSchedule crosses. */
export const putScheduleVerb = {
  request: packed<[PutToKeep]>(
    (to, [{ schedule, before, records }]) => {
      writeSchedule(to, schedule);
      writeMaybe(to, before, (_, { revision, round }) => {
        to.number(revision);
        to.number(round);
      });
      writeList(to, records, writeRecord);
    },
    (from) => [
      {
        schedule: readSchedule(from),
        before: readMaybe(from, () => ({ revision: from.number(), round: from.number() })),
        records: readList(from, readRecord),
      },
    ],
  ),
  answer: plain<PutScheduleVerdict>(),
};

/** How schedules cross on their way out. */
export const keptSchedules = packed<readonly KeptSchedule[]>(
  (to, schedules) => writeList(to, schedules, writeSchedule),
  (from) => readList(from, readSchedule),
);

/** The same where there may be none. */
export const maybeKeptSchedules = packed<readonly (KeptSchedule | undefined)[]>(
  (to, schedules) => writeList(to, schedules, (_, schedule) => writeMaybe(to, schedule, writeSchedule)),
  (from) => readList(from, () => readMaybe(from, readSchedule)),
);

function writeSchedule(to: PacketWriter, schedule: KeptSchedule): void {
  to.word(schedule.namespace);
  to.text(schedule.id);
  to.number(schedule.revision);
  to.number(schedule.createdAt);
  to.number(schedule.changedAt);
  writeMaybe(to, schedule.pause, writePause);
  to.text(schedule.settings);
  to.number(startedKinds.code(schedule.target.kind));
  to.bytes(schedule.target.content);
  writeProgress(to, schedule.progress);
}

const readSchedule = (from: PacketReader): KeptSchedule => ({
  namespace: namespaceOf(from.word()),
  id: scheduleIdOf(from.text()),
  revision: from.number(),
  createdAt: instantOf(from.number()),
  changedAt: instantOf(from.number()),
  pause: readMaybe(from, readPause),
  settings: from.text(),
  target: { kind: startedKinds.word(from.number()), content: from.bytes() },
  progress: readProgress(from),
});

function writePause(to: PacketWriter, { at, note, by }: SchedulePause): void {
  to.number(at);
  to.text(note);
  to.text(by);
}

const readPause = (from: PacketReader): SchedulePause => ({
  at: instantOf(from.number()),
  note: from.text(),
  by: from.text(),
});

/** Writes how far a schedule has come. */
export function writeProgress(to: PacketWriter, progress: ScheduleProgress): void {
  const { round, next, lookAt, passed, fired, records, end, last, waiting } = progress;
  to.number(round);
  to.optionalNumber(next);
  to.optionalNumber(lookAt);
  to.optionalNumber(passed);
  to.number(fired);
  to.number(records);
  to.optionalNumber(end && endings.code(end));
  writeMaybe(to, last, writeLast);
  writeMaybe(to, waiting, (_, slot) => {
    writeSlot(to, slot);
    to.number(slot.since);
  });
}

export const readProgress = (from: PacketReader): ScheduleProgress => ({
  round: from.number(),
  next: readInstant(from),
  lookAt: readInstant(from),
  passed: readInstant(from),
  fired: from.number(),
  records: from.number(),
  end: readEnd(from),
  last: readMaybe(from, readLast),
  waiting: readMaybe(from, () => ({ ...readSlot(from), since: instantOf(from.number()) })),
});

function readEnd(from: PacketReader): ScheduleProgress["end"] {
  const code = from.optionalNumber();
  return code === undefined ? undefined : endings.word(code);
}

type Last = NonNullable<ScheduleProgress["last"]>;

function writeLast(to: PacketWriter, { slot, at, started }: Last): void {
  to.number(slot);
  to.number(at);
  to.number(startedKinds.code(started.kind));
  to.text(started.id);
}

const readLast = (from: PacketReader): Last => ({
  slot: instantOf(from.number()),
  at: instantOf(from.number()),
  started: startedOf(startedKinds.word(from.number()), from.text()),
});
