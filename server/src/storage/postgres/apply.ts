import type { GuardedChange } from "../../ports/task-store.ts";
import type { Verb } from "./lane.ts";
import { createRows, type Row } from "./rows.ts";
import { writeRows } from "./write-rows.ts";

/** Applies each change whose guard holds. */
export const apply: Verb<GuardedChange, "applied" | "conflict"> = {
  isDurable: true,
  async run(work, changes) {
    const rows = createRows(work);
    const locked = await rows.lock(changes.map(({ ref }) => ref));
    const verdicts = changes.map(({ change, now, ...guard }, at) => {
      const row = locked[at];
      if (row === undefined || !holds(guard, row)) return "conflict";
      rows.change(row, { change, now });
      return "applied";
    });
    await writeRows(work, rows);
    return verdicts;
  },
};

function holds(
  { revision, leaseUntilBefore }: Pick<GuardedChange, "revision" | "leaseUntilBefore">,
  { head }: Row,
): boolean {
  if (head.revision !== revision) return false;
  return (
    leaseUntilBefore === undefined || (head.leaseUntil !== undefined && head.leaseUntil < leaseUntilBefore)
  );
}
