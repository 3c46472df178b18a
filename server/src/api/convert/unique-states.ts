/** UniqueOptions.states on their way in: which rules they break, and how long the claim lasts that they mean. */

import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { type UniqueOptions, UniqueUntil } from "@stem/proto/stem/v1/unique_pb";
import type { FieldViolation } from "../../model/problem.ts";
import { heldIn, type KeptAfter, type MissingState } from "../../model/unique.ts";
import { taskStateFromProto } from "./task-state.ts";

const field = "options.unique";

/** What the key would be in the state that a list leaves out. */
const gaps: Readonly<Record<MissingState, string>> = {
  scheduled: "TASK_STATE_SCHEDULED: without it the key would be free while the task waits for its time",
  ready: "TASK_STATE_READY: without it the key would be free while the task waits for a worker",
  leased:
    "TASK_STATE_LEASED: without it the key would be free while the task runs, and held again after its end",
};

/** Adds every rule that the states break to `found`. */
export function statesViolations({ states, until, uniqueFor }: UniqueOptions, found: FieldViolation[]): void {
  if (states.length === 0) return;
  if (new Set(states).size < states.length)
    found.push({ field: `${field}.states`, description: "must name each state once" });
  for (const [at, state] of states.entries())
    if (taskStateFromProto(state) === undefined)
      found.push({
        field: `${field}.states[${at}]`,
        description: "must be one of the values that the schema names",
      });
  const held = heldByStates(states);
  if (typeof held === "string") found.push({ field, description: `states must have ${gaps[held]}` });
  const isHeldWhileRun = states.includes(TaskState.LEASED);
  if (until === (isHeldWhileRun ? UniqueUntil.STARTED : UniqueUntil.ENDED))
    found.push({
      field,
      description: "until must say the same as states: STARTED without TASK_STATE_LEASED, ENDED with it",
    });
  if (uniqueFor !== undefined && !states.some(isEnd))
    found.push({ field, description: "unique_for must be given with states only if they have an end" });
}

/** What a claim is that is held in these states; or which state they must not leave out. */
export const heldByStates = (states: readonly TaskState[]): KeptAfter | MissingState =>
  heldIn(new Set(states.flatMap((state) => taskStateFromProto(state) ?? [])));

const isEnd = (state: TaskState): boolean => state > TaskState.LEASED && state <= TaskState.EXPIRED;
