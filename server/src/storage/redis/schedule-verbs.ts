import type { Instant, Namespace, ScheduleRef } from "../../model/ids.ts";
import type { Schedule } from "../../model/schedule-record.ts";
import type {
  DeleteScheduleVerdict,
  PutScheduleVerdict,
  ScheduleBounds,
  SchedulePut,
  ScheduleStore,
} from "../../ports/schedule-store.ts";
import { inPieces, piecesOf } from "./batches.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import type { Runner, Verb } from "./runner.ts";
import { fireSchedules } from "./schedule-fires.ts";
import {
  argsOfRecord,
  argsOfSchedule,
  type DueRow,
  dueOfRow,
  recordOfRow,
  scheduleOfRow,
} from "./schedule-rows.ts";
import { listOf, maybe, numberOf, textOf } from "./unpacked.ts";
import { itemsOf } from "./verdicts.ts";

const operation = (name: string, grows = false): Verb => ({ room: "operations", name, grows });

/** Schedules, and what became of their slots: what scripts/schedules.ts does. */
export const createScheduleVerbs = (runner: Runner): ScheduleStore => {
  const ask = (namespace: Namespace, verb: string, args: Packable): Promise<Unpacked> =>
    runner.ofSpace(namespace, operation(verb), args);
  return {
    putSchedule: async (put) =>
      putVerdictOf(await runner.making(put.schedule.namespace, operation("putSchedule", true), putArgs(put))),
    readSchedules: (refs) => read(runner, refs, () => 1),
    listSchedules: async ({ namespace, after, limit, bytesMax }) =>
      itemsOf(await ask(namespace, "listSchedules", [after, limit, bytesMax]), (row) =>
        scheduleOfRow(namespace, row),
      ),
    deleteSchedule: async ({ namespace, id }, revision) =>
      deleteVerdictOf(await ask(namespace, "deleteSchedule", [id, revision])),
    dueSchedules: (now, bounds) => dueSchedules(runner, now, bounds),
    fireSchedules: (fires, now) => fireSchedules(runner, fires, now),
    listSlotRecords: async ({ ref: { namespace, id }, before, limit }) =>
      itemsOf(await ask(namespace, "listSlotRecords", [id, before, limit]), recordOfRow).toReversed(),
  };
};

const putArgs = ({ schedule, before, records }: SchedulePut): Packable => [
  schedule.id,
  before && [before.revision, before.round],
  ...argsOfSchedule(schedule),
  records.map(argsOfRecord),
];

function putVerdictOf(value: Unpacked): PutScheduleVerdict {
  const [word, revision] = listOf(value);
  const kind = textOf(word) as PutScheduleVerdict["kind"];
  return kind === "conflict" ? { kind, revision: maybe(revision, numberOf) } : { kind };
}

function deleteVerdictOf(value: Unpacked): DeleteScheduleVerdict {
  const [word, revision] = listOf(value);
  const kind = textOf(word) as DeleteScheduleVerdict["kind"];
  return kind === "conflict" ? { kind, revision: numberOf(revision) } : { kind };
}

/** Reads schedules, so many in a script as are together of a size. */
const read = <Ref extends ScheduleRef>(
  runner: Runner,
  refs: readonly Ref[],
  sizeOf: (ref: Ref) => number,
): Promise<readonly (Schedule | undefined)[]> =>
  inPieces(
    piecesOf(refs, ({ namespace }) => namespace, { sizeOf }),
    async ({ namespace, items }) => {
      const ids = items.map(({ id }) => id);
      return itemsOf(await runner.ofSpace(namespace, operation("readSchedules"), ids), (value) =>
        maybe(value, (row) => scheduleOfRow(namespace, row)),
      );
    },
  );

/** Bytes of targets that take a script as long as a schedule takes it. */
const targetUnitBytes = 4096;

/**
 * Each namespace tells which of its own are due, by its index, and how large they are; of all these only those that fit are read. What
 * somebody has decided upon in between is due no more.
 */
async function dueSchedules(
  runner: Runner,
  now: Instant,
  bounds: ScheduleBounds,
): Promise<readonly Schedule[]> {
  const names = await runner.names();
  const args = [now, bounds.limit, bounds.bytesMax];
  const found = await Promise.all(
    names.map(async (namespace) =>
      itemsOf(await runner.ofSpace(namespace, operation("dueSchedules"), args), (row) =>
        dueOfRow(namespace, row),
      ),
    ),
  );
  const due = within(
    found.flat().sort((a, b) => a.lookAt - b.lookAt),
    bounds,
  );
  const schedules = await read(runner, due, ({ bytes }) => 1 + bytes / targetUnitBytes);
  return schedules.flatMap((schedule) => (schedule !== undefined && isDue(schedule, now) ? [schedule] : []));
}

function within(rows: readonly DueRow[], { limit, bytesMax }: ScheduleBounds): readonly DueRow[] {
  let sum = 0;
  const beyond = rows.findIndex(({ bytes }, at) => {
    sum += bytes;
    return at === limit || (at > 0 && sum > bytesMax);
  });
  return beyond < 0 ? rows : rows.slice(0, beyond);
}

const isDue = ({ progress: { lookAt } }: Schedule, now: Instant): boolean =>
  lookAt !== undefined && lookAt <= now;
