import type { MemberSource } from "../../../model/canvas.ts";
import { type Bytes, barrierIdOf, type TaskName, taskIdOf } from "../../../model/ids.ts";
import type { TerminalState } from "../../../model/task.ts";
import type { MemberOutcome, MemberPage } from "../../../ports/canvas-reader.ts";
import { reasonOfCode, states } from "../../sql/codes.ts";
import { type Database, query } from "../files/connection.ts";
import { sourceOf } from "./member-source.ts";

type Row = readonly [
  index: number,
  state: number,
  isBarrier: number,
  source: string,
  result: Bytes | null,
  failure: Bytes | null,
  name: TaskName | null,
  reason: number | null,
  attempt: number | null,
];

/** Makes readMembers: what the members of a barrier left that have ended, by their index. */
export function createReadMembers(db: Database): (page: MemberPage) => readonly MemberOutcome[] {
  // A tombstone has the id of a task, and nothing of it.
  const select = query<Row>(
    db,
    `SELECT m.place, m.state, m.is_barrier, ${sourceOf}, r.result, r.failure, iif(t.seq IS NULL, NULL, c.name), t.reason, t.attempt
     FROM namespaces n CROSS JOIN barriers b ON b.namespace = n.id CROSS JOIN members m ON m.barrier = b.seq
       LEFT JOIN contents c ON c.namespace = n.id AND c.id = iif(m.is_barrier, NULL, ${sourceOf})
       LEFT JOIN tasks t ON t.seq = c.seq LEFT JOIN results r ON r.seq = t.seq
     WHERE n.name = ? AND b.id = ? AND m.place > ? ORDER BY m.place LIMIT ?`,
  );
  return ({ ref, after = -1, limit, bytesMax }) => {
    const page: MemberOutcome[] = [];
    let bytes = 0;
    for (const row of select.iterate(ref.namespace, ref.id, after, limit)) {
      const [, , , , result, failure] = row;
      bytes += (result?.length ?? 0) + (failure?.length ?? 0);
      if (page.length > 0 && bytes > bytesMax) break;
      page.push(outcomeOf(row));
    }
    return page;
  };
}

function outcomeOf(row: Row): MemberOutcome {
  const [index, state, isBarrier, id, result, failure, name, reason, attempt] = row;
  const source: MemberSource =
    isBarrier === 1 ? { kind: "barrier", id: barrierIdOf(id) } : { kind: "task", id: taskIdOf(id) };
  return {
    ...{ index, state: states.word(state) as TerminalState, source },
    ...{ result: result ?? undefined, failure: failure ?? undefined, name: name ?? undefined },
    ...{ reason: reasonOfCode(reason ?? 0), attempt: attempt ?? 0 },
  };
}
