import type { KeptMember } from "../../../model/canvas.ts";
import type { BarrierId, TaskId } from "../../../model/ids.ts";
import { states } from "../../sql/codes.ts";
import { command, type Database, query, type Value } from "../files/connection.ts";
import { byDozens, createByRows, valuesOf } from "../rows-by-dozen.ts";
import { sourceText } from "./member-source.ts";

/** A member that has ended, and the number of its barrier's row. */
export type NumberedMember = KeptMember & { readonly above: number };

/** Keeps members that have ended; answers of each, in their order, whether its index was free. */
export type KeepMembers = (members: readonly NumberedMember[]) => readonly boolean[];

type KeptRow = readonly [barrier: number, index: number];

/** Makes it. */
export function createKeepMembers(db: Database): KeepMembers {
  const insert = createByRows((rows) =>
    query<KeptRow>(
      db,
      `INSERT OR IGNORE INTO members (barrier, place, state, is_barrier, source)
       VALUES ${valuesOf("(?, ?, ?, ?, ?)", rows)} RETURNING barrier, place`,
    ),
  );

  return (members) => {
    const kept: KeptRow[] = [];
    for (const some of byDozens(members)) kept.push(...insert(some.length).all(...some.flatMap(columnsOf)));
    if (kept.length === members.length) return members.map(() => true);
    const free = new Set(kept.map(([barrier, index]) => `${barrier} ${index}`));
    // Of two with one index the first is kept.
    return members.map(({ above, index }) => free.delete(`${above} ${index}`));
  };
}

/** A task that has succeeded as a member of a barrier, as that keeps it. */
export type PlainMember = { readonly index: number; readonly id: TaskId };

/** Keeps members of a barrier that have succeeded; answers of how many the index was free. */
export type KeepSucceeded = (barrier: NumberedBarrier, members: readonly PlainMember[]) => number;

/** A barrier, and the number of its row. */
export type NumberedBarrier = { readonly seq: number; readonly id: BarrierId };

/** Makes it. What they have in common is handed over once. */
export function createKeepSucceeded(db: Database): KeepSucceeded {
  const insert = createByRows((rows) =>
    command(
      db,
      `INSERT OR IGNORE INTO members (barrier, place, state, is_barrier, source)
       SELECT shared.barrier, own.column1, ${states.code("succeeded")}, 0, own.column2
       FROM (SELECT ? AS barrier) AS shared, (VALUES ${valuesOf("(?, ?)", rows)}) AS own`,
    ),
  );
  return ({ seq, id: barrier }, members) => {
    let kept = 0;
    for (const some of byDozens(members)) {
      const values: Value[] = [seq];
      for (const { index, id } of some) values.push(index, sourceText(barrier, id));
      kept += insert(some.length)(...values);
    }
    return kept;
  };
}

const columnsOf = ({ above, barrier, index, state, source: { kind, id } }: NumberedMember): Value[] => [
  ...[above, index, states.code(state)],
  ...[kind === "barrier" ? 1 : 0, sourceText(barrier, id)],
];
