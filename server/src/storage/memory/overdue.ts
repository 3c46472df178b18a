import type { Instant } from "../../model/ids.ts";
import { transition } from "../../model/task-machine.ts";
import { writeChange } from "./apply.ts";
import type { Entry } from "./entry.ts";
import type { State } from "./state.ts";

/** Whether a task has waited too long. */
export function isOverdue(state: State, entry: Entry, now: Instant): boolean {
  const until = state.waitUntil.get(entry);
  return until !== undefined && until <= now;
}

/** Ends it if it waits; false where it waits no more. */
export function endOverdue(state: State, entry: Entry, now: Instant): boolean {
  state.waitUntil.delete(entry);
  const change = transition(entry.head, { kind: "overdue" }, now);
  if (change !== undefined) writeChange(state, entry, { change, now, isSettled: false });
  return change !== undefined;
}
