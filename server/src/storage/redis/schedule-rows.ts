/** Schedules and records of their slots in the forms in which they are kept: what scripts decide by packed, the rest as JSON. */

import {
  canvasIdOf,
  type Instant,
  instantOf,
  type Namespace,
  type ScheduleId,
  scheduleIdOf,
  taskIdOf,
} from "../../model/ids.ts";
import type {
  Schedule,
  ScheduleProgress,
  SkipReason,
  SlotOutcome,
  SlotRecord,
  StartCause,
  Started,
} from "../../model/schedule-record.ts";
import { type Packable, pack, type Unpacked, unpack } from "./msgpack.ts";
import { timeOf } from "./task-rows.ts";
import { bytesOf, listOf, maybe, numberOf, textOf } from "./unpacked.ts";

/** How far a schedule has come: its round and when somebody has to look at it, by which scripts go, and all of it. */
export const argsOfProgress = (progress: ScheduleProgress): readonly Packable[] => [
  progress.round,
  progress.lookAt,
  JSON.stringify(progress),
];

/** The row of a schedule, what is said of it, and its target. */
export function argsOfSchedule({
  settings,
  revision,
  createdAt,
  changedAt,
  pause,
  progress,
}: Schedule): readonly Packable[] {
  const { content, kind } = settings.target;
  const said: Said = { settings: { ...settings, target: { kind } }, createdAt, changedAt, pause };
  return [[revision, ...argsOfProgress(progress)], JSON.stringify(said), content];
}

/** What is said of it, but for what is started. */
type Said = Pick<Schedule, "createdAt" | "changedAt" | "pause"> & {
  readonly settings: Omit<Schedule["settings"], "target"> & {
    readonly target: Omit<Schedule["settings"]["target"], "content">;
  };
};

/** A schedule: its id, its row, what is said of it, and its target. */
export function scheduleOfRow(namespace: Namespace, value: Unpacked): Schedule {
  const [id, row = false, text, content] = listOf(value);
  const [revision, , , progress] = listOf(unpack(row as Buffer));
  // What is undefined is not in the text.
  const { settings, pause, createdAt, changedAt } = JSON.parse(textOf(text)) as Said;
  const { expireAt, runsMax, priority } = settings;
  return {
    namespace,
    id: scheduleIdOf(textOf(id)),
    settings: {
      ...{ ...settings, expireAt, runsMax, priority },
      target: { ...settings.target, content: new Uint8Array(bytesOf(content)) },
    },
    revision: numberOf(revision),
    ...{ createdAt, changedAt, pause },
    progress: progressOf(textOf(progress)),
  };
}

function progressOf(text: string): ScheduleProgress {
  const progress = JSON.parse(text) as ScheduleProgress;
  const { next, waiting, lookAt, passed, last, end } = progress;
  return {
    ...{ ...progress, next, lookAt, passed, last, end },
    waiting: waiting && { ...waiting, request: waiting.request },
  };
}

/** A schedule that is due, and how large its target is. */
export type DueRow = {
  readonly namespace: Namespace;
  readonly id: ScheduleId;
  readonly lookAt: Instant;
  readonly bytes: number;
};

/** One of them. */
export function dueOfRow(namespace: Namespace, value: Unpacked): DueRow {
  const [id, lookAt = false, bytes] = listOf(value);
  return {
    ...{ namespace, id: scheduleIdOf(textOf(id)) },
    ...{ lookAt: timeOf(lookAt), bytes: numberOf(bytes) },
  };
}

/** What became of a slot: its place in front, by which scripts find it, and last its outcome, which they may write anew. */
export const argsOfRecord = ({ place, slot, dueAt, cause, request, at, outcome }: SlotRecord): Buffer =>
  pack([place, slot, dueAt, cause, request, at, argsOfOutcome(outcome)]);

function argsOfOutcome(outcome: SlotOutcome): Packable {
  switch (outcome.kind) {
    case "started":
      return [outcome.kind, outcome.started.kind, outcome.started.id];
    case "not_made":
      return [outcome.kind, outcome.why];
    case "skipped":
      return [outcome.kind, outcome.reason, outcome.until];
  }
}

/** A record as it is kept. */
export function recordOfRow(raw: Unpacked): SlotRecord {
  const [place, slot = false, dueAt = false, cause, request, at = false, outcome] = listOf(
    unpack(raw as Buffer),
  );
  return {
    place: numberOf(place),
    slot: timeOf(slot),
    dueAt: timeOf(dueAt),
    cause: textOf(cause) as StartCause,
    request: maybe(request, textOf),
    at: timeOf(at),
    outcome: outcomeOf(listOf(outcome)),
  };
}

function outcomeOf([kind, said, more]: readonly Unpacked[]): SlotOutcome {
  const word = textOf(kind) as SlotOutcome["kind"];
  switch (word) {
    case "started":
      return { kind: word, started: startedOf(textOf(said) as Started["kind"], textOf(more)) };
    case "not_made":
      return { kind: word, why: textOf(said) };
    case "skipped":
      return {
        kind: word,
        reason: textOf(said) as SkipReason,
        until: maybe(more, (at) => instantOf(numberOf(at))),
      };
  }
}

const startedOf = (kind: Started["kind"], id: string): Started =>
  kind === "task" ? { kind, id: taskIdOf(id) } : { kind, id: canvasIdOf(id) };
