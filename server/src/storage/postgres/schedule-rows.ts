import type { Bytes, Instant, Namespace, ScheduleId } from "../../model/ids.ts";
import type { Schedule } from "../../model/schedule-record.ts";
import { pauseOfText, progressOfText, settingsOfText } from "../sql/schedule-text.ts";

/** The columns of a schedule, from schedules s. The name of its namespace is looked up for each by itself. */
export const scheduleColumns = `
  (SELECT n.name FROM namespaces n WHERE n.id = s.namespace), s.id, s.revision, s.round, s.look_at, s.records, s.created_at,
  s.changed_at, s.is_canvas, s.target, s.settings, s.pause, s.progress`;

/** One row of scheduleColumns. */
export type ScheduleRow = readonly [
  namespace: Namespace,
  id: ScheduleId,
  revision: number,
  round: number,
  lookAt: Instant | null,
  records: number,
  createdAt: Instant,
  changedAt: Instant,
  isCanvas: boolean,
  target: Bytes,
  settings: string,
  pause: string | null,
  progress: string,
];

/** The schedule that a row means. */
export function scheduleOf(row: ScheduleRow): Schedule {
  const [namespace, id, revision, round, lookAt, records, createdAt, changedAt, isCanvas, ...said] = row;
  const [content, settings, pause, progress] = said;
  return {
    ...{ namespace, id, revision, createdAt, changedAt },
    settings: settingsOfText(settings, { kind: isCanvas ? "canvas" : "task", content }),
    pause: pause === null ? undefined : pauseOfText(pause),
    progress: progressOfText(progress, { round, lookAt: lookAt ?? undefined, records }),
  };
}
