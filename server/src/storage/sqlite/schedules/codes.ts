/** The words of schedules as small numbers, in rows and between threads. A number is never given to another word. */

import { canvasIdOf, type Instant, taskIdOf } from "../../../model/ids.ts";
import type {
  ScheduleEnd,
  SkipReason,
  SlotOutcome,
  StartCause,
  Started,
} from "../../../model/schedule-record.ts";
import { createCodes } from "../../sql/codes.ts";

export const startCauses = createCodes<StartCause>({ due: 0, trigger: 1, backfill: 2 });

export const endings = createCodes<ScheduleEnd>({ over: 0, expired: 1, max_runs: 2, broken: 3 });

export const startedKinds = createCodes<Started["kind"]>({ task: 0, canvas: 1 });

/** What became of a slot in one word: what it started, that this could not be made, or why it was passed over. */
export const outcomes = createCodes<Started["kind"] | "not_made" | SkipReason>({
  task: 0,
  canvas: 1,
  not_made: 2,
  late: 3,
  superseded: 4,
  beyond_horizon: 5,
  beyond_max: 6,
  still_running: 7,
  one_is_waiting: 8,
  expired: 9,
  paused: 10,
});

/** What became of a slot, in columns. `word`: the id of what was started, or why nothing could be. */
export type OutcomeColumns = readonly [outcome: number, word: string | null, until: Instant | null];

export function columnsOfOutcome(outcome: SlotOutcome): OutcomeColumns {
  switch (outcome.kind) {
    case "started":
      return [outcomes.code(outcome.started.kind), outcome.started.id, null];
    case "not_made":
      return [outcomes.code("not_made"), outcome.why, null];
    case "skipped":
      return [outcomes.code(outcome.reason), null, outcome.until ?? null];
  }
}

export function outcomeOfColumns([code, word, until]: OutcomeColumns): SlotOutcome {
  const kind = outcomes.word(code);
  switch (kind) {
    case "task":
    case "canvas":
      return { kind: "started", started: startedOf(kind, word ?? "") };
    case "not_made":
      return { kind, why: word ?? "" };
    default:
      return { kind: "skipped", reason: kind, until: until ?? undefined };
  }
}

/** What was started, by its id. */
export const startedOf = (kind: Started["kind"], id: string): Started =>
  kind === "task" ? { kind, id: taskIdOf(id) } : { kind, id: canvasIdOf(id) };
