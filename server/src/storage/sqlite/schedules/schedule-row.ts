import type { Bytes, Instant, Namespace, ScheduleId } from "../../../model/ids.ts";
import type { SchedulePause, ScheduleProgress } from "../../../model/schedule-record.ts";
import type { Value } from "../files/connection.ts";
import { endings, startCauses, startedKinds, startedOf } from "./codes.ts";
import type { KeptSchedule } from "./kept-schedule.ts";

/** The columns of schedules that are not their place, in the order of valuesOfSaid. */
export const saidColumns = [
  ...["created_at", "changed_at", "paused_at", "pause_note", "paused_by"],
  ...["settings", "target_kind", "target"],
];

/** The columns of schedule_progress that progress is in, in the order of valuesOfProgress. */
export const progressColumns = [
  ...["round", "next_slot", "look_at", "passed", "fired", "records", "ending"],
  ...["last_slot", "last_at", "last_kind", "last_id"],
  ...["waiting_slot", "waiting_due_at", "waiting_cause", "waiting_request", "waiting_since"],
];

/** The columns of a schedule, in the order of ScheduleRow: of namespaces n, schedules s and schedule_progress p. */
export const scheduleColumns = [
  ...["n.name", "s.id", "p.revision"],
  ...saidColumns.map((name) => `s.${name}`),
  ...progressColumns.map((name) => `p.${name}`),
].join(", ");

/** One row of scheduleColumns. */
export type ScheduleRow = readonly [
  namespace: Namespace,
  id: ScheduleId,
  revision: number,
  createdAt: Instant,
  changedAt: Instant,
  ...pause: PauseRow,
  settings: string,
  targetKind: number,
  target: Bytes,
  ...ProgressRow,
];

type PauseRow = readonly [pausedAt: Instant | null, note: string | null, by: string | null];

type ProgressRow = readonly [
  round: number,
  next: Instant | null,
  lookAt: Instant | null,
  passed: Instant | null,
  fired: number,
  records: number,
  ending: number | null,
  ...LastRow,
  ...WaitingRow,
];

type LastRow = readonly [slot: Instant | null, at: Instant | null, kind: number | null, id: string | null];

type WaitingRow = readonly [
  slot: Instant | null,
  dueAt: Instant | null,
  cause: number | null,
  request: string | null,
  since: Instant | null,
];

/** The schedule that a row means. */
export function scheduleOfRow(row: ScheduleRow): KeptSchedule {
  const [namespace, id, revision, createdAt, changedAt, pausedAt, note, by, ...rest] = row;
  const [settings, targetKind, content, ...progress] = rest;
  return {
    ...{ namespace, id, revision, createdAt, changedAt, settings },
    pause: pauseOf([pausedAt, note, by]),
    target: { kind: startedKinds.word(targetKind), content },
    progress: progressOf(progress),
  };
}

const pauseOf = ([at, note, by]: PauseRow): SchedulePause | undefined =>
  at === null ? undefined : { at, note: note ?? "", by: by ?? "" };

function progressOf(row: ProgressRow): ScheduleProgress {
  const [round, next, lookAt, passed, fired, records, ending, ...rest] = row;
  const [lastSlot, lastAt, lastKind, lastId, ...waiting] = rest;
  return {
    ...{ round, next: next ?? undefined, lookAt: lookAt ?? undefined, passed: passed ?? undefined },
    ...{ fired, records, end: ending === null ? undefined : endings.word(ending) },
    last: lastOf([lastSlot, lastAt, lastKind, lastId]),
    waiting: waitingOf(waiting),
  };
}

function lastOf([slot, at, kind, id]: LastRow): ScheduleProgress["last"] {
  if (slot === null || at === null || kind === null || id === null) return undefined;
  return { slot, at, started: startedOf(startedKinds.word(kind), id) };
}

function waitingOf([slot, dueAt, cause, request, since]: WaitingRow): ScheduleProgress["waiting"] {
  if (slot === null || dueAt === null || cause === null || since === null) return undefined;
  return { slot, dueAt, cause: startCauses.word(cause), request: request ?? undefined, since };
}

/** What is said of a schedule, as its columns have it. */
export const valuesOfSaid = ({
  createdAt,
  changedAt,
  pause,
  settings,
  target,
}: Omit<KeptSchedule, "progress">): readonly Value[] => [
  ...[createdAt, changedAt, pause?.at ?? null, pause?.note ?? null, pause?.by ?? null],
  ...[settings, startedKinds.code(target.kind), target.content],
];

/** Progress as its columns have it. */
export function valuesOfProgress(progress: ScheduleProgress): readonly Value[] {
  const { round, next, lookAt, passed, fired, records, end, last, waiting } = progress;
  return [
    ...[round, next ?? null, lookAt ?? null, passed ?? null, fired, records],
    end === undefined ? null : endings.code(end),
    ...(last === undefined ? noLast : valuesOfLast(last)),
    ...(waiting === undefined ? noWaiting : valuesOfWaiting(waiting)),
  ];
}

const valuesOfLast = ({ slot, at, started }: NonNullable<ScheduleProgress["last"]>): readonly Value[] => [
  ...[slot, at, startedKinds.code(started.kind), started.id],
];

const valuesOfWaiting = (waiting: NonNullable<ScheduleProgress["waiting"]>): readonly Value[] => {
  const { slot, dueAt, cause, request, since } = waiting;
  return [slot, dueAt, startCauses.code(cause), request ?? null, since];
};

const noLast = [null, null, null, null];
const noWaiting = [null, null, null, null, null];
