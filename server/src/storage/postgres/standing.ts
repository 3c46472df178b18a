import type { TaskId, TaskRef } from "../../model/ids.ts";
import type { TaskStanding } from "../../model/standing.ts";
import { states } from "../sql/codes.ts";
import { type StandingRow, standingColumns, standingStartOf } from "../sql/standing-row.ts";
import { readLanes } from "./claim-shelf.ts";
import { freeBefore } from "./count-before.ts";
import { readFirsts } from "./gate-reads.ts";
import { headJoins } from "./head-joins.ts";
import { type Session, statement } from "./session.ts";
import { limitsOf } from "./standing-limits.ts";
import { readTies, type Tie } from "./ties.ts";

const select = statement<StandingRow>(`
  SELECT ${standingColumns("(SELECT coalesce(sum(d.leased), 0)::int8 FROM depths d WHERE d.queue = t.queue)")}
  FROM tasks t ${headJoins} WHERE n.name = $1 AND c.namespace = n.id AND c.id = $2`);

/** Where a task stands among all that decides whether it runs, in a session that sees one moment. */
export async function readStanding(
  db: Session,
  { namespace, id }: TaskRef,
  aheadMax: number,
): Promise<TaskStanding | undefined> {
  const [row] = await db.rows(select, namespace, id);
  if (row === undefined) return undefined;
  const { seq, queue, leased, standing } = standingStartOf(row);
  const { head } = standing;
  const [tie] = await readTies(db, [seq]);
  const place = { seq, priority: head.priority, turn: tie?.turn ?? 0 };
  const before = { place, queue, countMax: head.state === "ready" ? aheadMax + 1 : 0 };
  const lanes = (await readLanes(db, [queue])).map(([, lane]) => lane);
  const ahead = await freeBefore(db, before, lanes);
  return {
    ...standing,
    first: await firstOf(db, tie),
    limits: await limitsOf(db, { head, before }, { ahead, leased }),
    ahead,
  };
}

const selectFirst = statement<[id: TaskId, state: number]>(
  "SELECT c.id, t.state FROM contents c JOIN tasks t ON t.seq = c.seq WHERE c.seq = $1",
);

/** The first task of the ordering key, unless it is the task itself. */
async function firstOf(db: Session, tie: Tie | undefined): Promise<TaskStanding["first"]> {
  const [first] = tie?.orderingKey === undefined ? [] : await readFirsts(db, [tie.orderingKey]);
  if (tie === undefined || first === undefined || first.seq === tie.seq) return undefined;
  const [row] = await db.rows(selectFirst, first.seq);
  return row && { id: row[0], state: states.word(row[1]) };
}
