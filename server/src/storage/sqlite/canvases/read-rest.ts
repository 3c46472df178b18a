import type { BarrierRef } from "../../../model/ids.ts";
import type { Rest } from "../../../ports/canvas-reader.ts";
import { stateCode } from "../../sql/codes.ts";
import { type HeadRow, headColumns, headOf } from "../../sql/task-row.ts";
import { type Database, query } from "../files/connection.ts";
import { headJoins } from "../head-joins.ts";
import { barrierStateCode, type RefRow, refOf } from "./barrier-row.ts";

/** So many barriers are remembered; those of a sweep that looks at more are begun anew. */
const rememberedMax = 1000;

/**
 * Makes readRest. A sweep reads a barrier again and again, each time beyond what it has cancelled since. A task that has ended, or that
 * somebody has asked to cancel, never goes on again, so that no read has to look at those that were below the first one of the last.
 */
export function createReadRest(db: Database): (ref: BarrierRef, limit: number) => Rest {
  const selectSeq = query<[number]>(
    db,
    "SELECT b.seq FROM barriers b WHERE b.namespace = (SELECT id FROM namespaces WHERE name = ?) AND b.id = ?",
  );
  const selectTasks = query<readonly [...HeadRow, seq: number]>(
    db,
    `SELECT ${headColumns}, t.seq FROM places p INDEXED BY places_barrier
       CROSS JOIN tasks t ON t.seq BETWEEN max(p.seq, ?2) AND p.seq + p.count - 1 ${headJoins}
     WHERE p.barrier = ?1 AND p.seq >= coalesce((SELECT max(seq) FROM places WHERE seq <= ?2), 0)
       AND t.state <= ${stateCode.leased} AND t.cancel_at IS NULL ORDER BY p.seq, t.seq LIMIT ?3`,
  );
  const selectBarriers = query<RefRow>(
    db,
    `SELECT n.name, b.id FROM barriers b INDEXED BY barriers_open CROSS JOIN namespaces n ON n.id = b.namespace
     WHERE b.above = ? AND b.state = ${barrierStateCode.open} LIMIT ?`,
  );
  const firsts = new Map<number, number>();

  return ({ namespace, id }, limit) => {
    const [barrier] = selectSeq.get(namespace, id) ?? [];
    if (barrier === undefined) return { tasks: [], barriers: [] };
    const rows = selectTasks.all(barrier, firsts.get(barrier) ?? 0, limit);
    const first = rows[0]?.at(-1);
    if (firsts.size === rememberedMax) firsts.clear();
    if (typeof first === "number") firsts.set(barrier, first);
    else firsts.delete(barrier);
    return {
      tasks: rows.map((row) => headOf(row as unknown as HeadRow)),
      barriers: selectBarriers.all(barrier, limit).map(refOf),
    };
  };
}
