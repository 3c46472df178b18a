import { stopOf } from "../../model/namespace.ts";
import type { TaskStanding } from "../../model/standing.ts";
import { type PauseRow, pauseColumns, pauseOf } from "./pause-row.ts";
import { namespaceStates, queueLives } from "./space-rows.ts";
import { type HeadRow, headColumns, headOf } from "./task-row.ts";

/** One row of standingColumns. */
export type StandingRow = readonly [
  queue: number,
  leased: number,
  life: number,
  spaceState: number,
  spaceReason: string,
  ...pause: PauseRow,
  ...head: HeadRow,
];

/** The columns of a task and of what is around it, from what its head is read from; `leased` counts the leased tasks of its queue. */
export const standingColumns = (leased: string): string =>
  `t.queue, ${leased}, q.life, n.state, n.reason, ${pauseColumns("q")}, ${headColumns}`;

/** What one row says of where a task stands, and what the rest of it is looked up by. */
export type StandingStart = {
  readonly seq: number;
  /** The number of its queue, and how many tasks of that are leased. */
  readonly queue: number;
  readonly leased: number;
  readonly standing: Pick<TaskStanding, "head" | "stop" | "isQueueDeleting" | "pause">;
};

/** What a row means. */
export function standingStartOf(row: StandingRow): StandingStart {
  const [queue, leased, life, spaceState, spaceReason, reason, at, by, resumeAt, ...headRow] = row;
  return {
    ...{ seq: headRow[0], queue, leased },
    standing: {
      head: headOf(headRow),
      stop: stopOf({ state: namespaceStates.word(spaceState), reason: spaceReason }),
      isQueueDeleting: queueLives.word(life) === "deleting",
      pause: pauseOf([reason, at, by, resumeAt]),
    },
  };
}
