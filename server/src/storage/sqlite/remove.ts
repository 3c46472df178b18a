import type { Instant, TaskRef } from "../../model/ids.ts";
import { isTerminal } from "../../model/task.ts";
import type { RemoveVerdict } from "../../ports/admin-store.ts";
import { states } from "../sql/codes.ts";
import { createDropRecords } from "./drop-records.ts";
import { createFind, type Found } from "./find.ts";
import type { Writing } from "./writing.ts";

/** Makes remove: ended tasks go before their time, and leave their tombstones. */
export function createRemove(
  writing: Writing,
): (refs: readonly TaskRef[], now: Instant) => readonly RemoveVerdict[] {
  const find = createFind(writing);
  const drop = createDropRecords(writing);
  return (refs, now) => {
    const gone = new Map<number, Found>();
    const verdicts = refs.map((ref): RemoveVerdict => {
      const task = find(ref);
      if (task === undefined || gone.has(task.seq)) return "unknown";
      if (!isTerminal(states.word(task.state))) return "live";
      gone.set(task.seq, task);
      return "removed";
    });
    drop([...gone.values()], now);
    return verdicts;
  };
}
