import type { Instant } from "../../model/ids.ts";
import type { Pause } from "../../model/pause.ts";

/** One row of pauseColumns. */
export type PauseRow = readonly [
  reason: string | null,
  at: Instant | null,
  by: string | null,
  resumeAt: Instant | null,
];

/** The columns of a pause, of a queue or a limit. */
export const pauseColumns = (of: string): string =>
  `${of}.pause_reason, ${of}.paused_at, ${of}.paused_by, ${of}.resume_at`;

/** The pause that a row means; undefined: nothing is paused. */
export const pauseOf = ([reason, at, by, resumeAt]: PauseRow): Pause | undefined =>
  at === null
    ? undefined
    : { reason: reason ?? "", at, by: by ?? undefined, resumeAt: resumeAt ?? undefined };
