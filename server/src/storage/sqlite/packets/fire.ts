import { type Instant, instantOf, namespaceOf, scheduleIdOf } from "../../../model/ids.ts";
import type { FireVerdict } from "../../../ports/schedule-store.ts";
import type { FireToKeep, StartToKeep } from "../schedules/fire.ts";
import { readNewTask, writeNewTask } from "./accept.ts";
import { readCanvas, sizeOfCanvas, writeCanvas } from "./canvas.ts";
import { packed, readList, readMaybe, writeList, writeMaybe } from "./coder.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";
import { readProgress, writeProgress } from "./schedule.ts";
import { readRecord, writeRecord } from "./slot-record.ts";

/** How fireSchedules crosses. */
export const fireSchedulesVerb = {
  request: packed<[readonly FireToKeep[], Instant]>(
    (to, [fires, now]) => {
      writeList(to, fires, writeFire);
      to.number(now);
    },
    (from) => [readList(from, readFire), instantOf(from.number())],
  ),
  answer: packed<readonly FireVerdict[]>(
    (to, verdicts) => writeList(to, verdicts, writeVerdict),
    (from) => readList(from, readVerdict),
  ),
  items: ([fires]: readonly [readonly FireToKeep[], Instant]) =>
    fires.reduce((sum, fire) => sum + sizeOfFire(fire), 0),
};

const sizeOfFire = ({ starts }: FireToKeep): number =>
  starts.reduce((sum, start) => sum + (start.kind === "task" ? 1 : sizeOfCanvas(start.canvas)), 1);

function writeFire(to: PacketWriter, { ref, revision, round, records, starts, after }: FireToKeep): void {
  to.word(ref.namespace);
  to.text(ref.id);
  to.number(revision);
  to.number(round);
  writeList(to, records, writeRecord);
  writeList(to, starts, writeStart);
  writeMaybe(to, after === "removed" ? undefined : after, writeProgress);
}

const readFire = (from: PacketReader): FireToKeep => ({
  ref: { namespace: namespaceOf(from.word()), id: scheduleIdOf(from.text()) },
  revision: from.number(),
  round: from.number(),
  records: readList(from, readRecord),
  starts: readList(from, readStart),
  after: readMaybe(from, readProgress) ?? "removed",
});

function writeStart(to: PacketWriter, start: StartToKeep): void {
  to.number(start.place);
  to.flag(start.kind === "task");
  if (start.kind === "task") writeNewTask(to, start.task);
  else writeCanvas(to, start.canvas);
}

function readStart(from: PacketReader): StartToKeep {
  const place = from.number();
  return from.flag()
    ? { place, kind: "task", task: readNewTask(from) }
    : { place, kind: "canvas", canvas: readCanvas(from) };
}

function writeVerdict(to: PacketWriter, verdict: FireVerdict): void {
  to.flag(verdict.kind === "fired");
  if (verdict.kind === "fired")
    writeList(to, verdict.notMade, (_, { place, why }) => {
      to.number(place);
      to.word(why);
    });
}

const readVerdict = (from: PacketReader): FireVerdict =>
  from.flag()
    ? { kind: "fired", notMade: readList(from, () => ({ place: from.number(), why: from.word() })) }
    : { kind: "conflict" };
