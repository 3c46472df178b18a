import type { Instant } from "../../model/ids.ts";
import { unpackFacts } from "../sql/event-facts.ts";
import { createCounters } from "./counters.ts";
import { command, query } from "./files/connection.ts";
import type { Writing } from "./writing.ts";

/** Makes truncateEvents: drops the oldest rows of the log. The place of the last event dropped is kept, so that readers hear of gaps. */
export function createTruncateEvents({
  db,
}: Writing): (before: Instant, bytesMax: number, limit: number) => number {
  const selectOldest = query<[row: number, newestAt: Instant, logBytes: number]>(
    db,
    "SELECT row, newest_at, log_bytes FROM events ORDER BY row LIMIT ?",
  );
  const selectEnd = query<[number]>(
    db,
    "SELECT log_bytes + length(facts) FROM events ORDER BY row DESC LIMIT 1",
  );
  const selectFacts = query<[Uint8Array]>(db, "SELECT facts FROM events WHERE row = ?");
  const dropUpTo = command(db, "DELETE FROM events WHERE row <= ?");
  const counters = createCounters(db);

  return (before, bytesMax, limit) => {
    const [end] = selectEnd.get() ?? [0];
    const rows = selectOldest.all(limit);
    const firstKept = rows.findIndex(([, at, logBytes]) => at >= before && end - logBytes <= bytesMax);
    const dropped = firstKept < 0 ? rows : rows.slice(0, firstKept);
    const [row] = dropped.at(-1) ?? [];
    if (row === undefined) return 0;
    const [facts] = selectFacts.get(row) ?? [new Uint8Array()];
    counters.set("dropped_row", row);
    counters.set("dropped_index", unpackFacts(facts).length - 1);
    dropUpTo(row);
    return dropped.length;
  };
}
