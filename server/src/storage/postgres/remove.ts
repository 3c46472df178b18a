import type { Instant, TaskRef } from "../../model/ids.ts";
import { isTerminal } from "../../model/task.ts";
import type { RemoveVerdict } from "../../ports/admin-store.ts";
import { states } from "../sql/codes.ts";
import { dropRecords } from "./drop-records.ts";
import { createRows, type Row } from "./rows.ts";
import type { Work } from "./work.ts";

/** Removes ended tasks before their time; they leave their tombstones. */
export async function removeTasks(
  work: Work,
  refs: readonly TaskRef[],
  now: Instant,
): Promise<readonly RemoveVerdict[]> {
  const locked = await createRows(work).lock(refs);
  const gone = new Set<Row>();
  const verdicts = locked.map((row): RemoveVerdict => {
    if (row === undefined || gone.has(row)) return "unknown";
    if (!isTerminal(row.head.state)) return "live";
    gone.add(row);
    return "removed";
  });
  const records = [...gone].map(({ seq, queue, head }) => ({ seq, queue, state: states.code(head.state) }));
  await dropRecords(work, records, now);
  return verdicts;
}
