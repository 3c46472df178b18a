import { type Instant, plus, type TaskRef } from "../../model/ids.ts";
import { isTerminal } from "../../model/task.ts";
import type { RemoveVerdict } from "../../ports/admin-store.ts";
import { type Entry, hashOf } from "./entry.ts";
import { find, remove, type State, spaceOf } from "./state.ts";

/** Removes ended tasks before their time. */
export const removeTasks = (state: State, refs: readonly TaskRef[], now: Instant): readonly RemoveVerdict[] =>
  refs.map((ref) => {
    const entry = find(state, ref);
    if (entry === undefined) return "unknown";
    if (!isTerminal(entry.head.state)) return "live";
    removeEnded(state, entry, now);
    return "removed";
  });

/** Takes an ended task out, and leaves its tombstone. */
export function removeEnded(state: State, entry: Entry, now: Instant): void {
  const { namespace, id } = entry.head;
  const space = spaceOf(state, namespace);
  remove(state, space, entry);
  space.tombstones.set(id, { contentHash: hashOf(entry), until: plus(now, state.limits.tombstoneMs) });
}
