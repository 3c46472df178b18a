import type { TaskRef } from "../../model/ids.ts";
import type { Task, TaskHead } from "../../model/task.ts";
import { type Entry, find, type State } from "./state.ts";

/** Reads tasks in full, in the order asked. */
export const read = (state: State, refs: readonly TaskRef[]): readonly (Task | undefined)[] =>
  refs.map((ref) => {
    const entry = find(state, ref);
    return entry && taskOf(entry);
  });

/** Reads what decisions need, in the order asked. */
export const readHeads = (state: State, refs: readonly TaskRef[]): readonly (TaskHead | undefined)[] =>
  refs.map((ref) => find(state, ref)?.head);

/** The task in full. */
export const taskOf = ({ head, content, result, failure, claim }: Entry): Task => ({
  ...head,
  content,
  result,
  failure,
  claim: claim && { key: claim.key, duplicates: claim.duplicates },
});
