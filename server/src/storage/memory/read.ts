import type { Gate } from "../../model/gate.ts";
import { stages } from "../../model/gatekeeper.ts";
import type { TaskRef } from "../../model/ids.ts";
import type { Task, TaskHead } from "../../model/task.ts";
import type { Entry } from "./entry.ts";
import { find, type State } from "./state.ts";

/** Reads tasks in full, in the order asked. */
export const read = (state: State, refs: readonly TaskRef[]): readonly (Task | undefined)[] =>
  refs.map((ref) => {
    const entry = find(state, ref);
    return entry && taskOf(entry);
  });

/** Reads what decisions need, in the order asked. */
export const readHeads = (state: State, refs: readonly TaskRef[]): readonly (TaskHead | undefined)[] =>
  refs.map((ref) => {
    const entry = find(state, ref);
    return entry && headOf(entry);
  });

/** The head as it is read: with the gate at which the task waits. */
export function headOf(entry: Entry): TaskHead {
  const { head } = entry;
  if (head.state !== "ready" || entry.held === stages.free) return head;
  return { ...head, gate: gateAt(entry) };
}

function gateAt({ head, held }: Entry): Gate {
  if (held === stages.ordering) return { kind: "ordering", subject: head.ties?.orderingKey ?? "" };
  if (held === stages.key) return { kind: "key", subject: head.ties?.limitKey ?? "" };
  return { kind: "name", subject: head.name };
}

/** The task in full. */
export const taskOf = (entry: Entry): Task => {
  const { content, result, failure, claim, links, input, member, next } = entry;
  const shown = claim && { key: claim.key, duplicates: claim.duplicates };
  return { ...headOf(entry), content, result, failure, claim: shown, links, input, place: member, next };
};
