import { type LimitKind, scoped } from "../../model/gate.ts";
import { type Place, stages } from "../../model/gatekeeper.ts";
import type { TaskId, TaskRef } from "../../model/ids.ts";
import type { LimitStanding, TaskStanding } from "../../model/standing.ts";
import type { TaskHead } from "../../model/task.ts";
import { stateCode, states } from "../sql/codes.ts";
import { type LimitRow, limitKinds, limitOf } from "../sql/limit-rows.ts";
import { type StandingRow, standingColumns, standingStartOf } from "../sql/standing-row.ts";
import { createCountBefore } from "./count-before.ts";
import { type Database, query } from "./files/connection.ts";
import { byId } from "./read.ts";
import { selectLimits } from "./select-limits.ts";
import { createTies, type Tie, type Ties } from "./ties.ts";

/** A ready task among the others: its row in ties where it is tied, and how far to count. */
type Among = {
  readonly head: TaskHead;
  readonly tie: Tie | undefined;
  readonly place: Place;
  readonly queue: number;
  /** 0 for a task that is not ready. */
  readonly countMax: number;
};

/** Makes readStanding: where a task stands among all that decides whether it runs. */
export function createReadStanding(
  db: Database,
): (ref: TaskRef, aheadMax: number) => TaskStanding | undefined {
  const select = query<StandingRow>(
    db,
    `SELECT ${standingColumns("q.leased")} ${byId} WHERE n.name = ? AND c.id = ?`,
  );
  const ties = createTies(db);
  const firstOf = createFirstOf(db, ties);
  const aheadOf = createAheadOf(db, ties);
  const limitsOf = createLimitsOf(db, ties);

  return ({ namespace, id }, aheadMax) => {
    const row = select.get(namespace, id);
    if (row === undefined) return undefined;
    const { seq, queue, leased, standing } = standingStartOf(row);
    const { head } = standing;
    const tie = ties.find(seq);
    const place = { seq, priority: head.priority, turn: tie?.turn ?? 0 };
    const among = { head, tie, place, queue, countMax: head.state === "ready" ? aheadMax + 1 : 0 };
    const ahead = aheadOf(among);
    return {
      ...standing,
      first: firstOf(tie),
      limits: limitsOf(among, { ahead, leased }),
      ahead,
    };
  };
}

/** The first task of the ordering key, unless it is the task itself. */
function createFirstOf(db: Database, ties: Ties): (tie: Tie | undefined) => TaskStanding["first"] {
  const select = query<[id: TaskId, state: number]>(
    db,
    "SELECT c.id, t.state FROM contents c CROSS JOIN tasks t ON t.seq = c.seq WHERE c.seq = ?",
  );
  return (tie) => {
    const first = tie?.orderingKey === undefined ? undefined : ties.firstInOrder(tie.orderingKey);
    if (tie === undefined || first === undefined || first.seq === tie.seq) return undefined;
    const [id, state] = select.get(first.seq) ?? [];
    return id === undefined || state === undefined ? undefined : { id, state: states.word(state) };
  };
}

/** How many tasks of the queue stand free and come before: those that nothing ties, and those of each set of labels. */
function createAheadOf(db: Database, ties: Ties): (among: Among) => number {
  const ready = `FROM tasks INDEXED BY tasks_ready WHERE queue = ? AND state = ${stateCode.ready} AND tied IS NULL`;
  const untied = query<[number]>(
    db,
    `SELECT count(*) FROM (
       SELECT 1 ${ready} AND priority > ? UNION ALL SELECT 1 ${ready} AND priority = ? AND seq < ? LIMIT ?)`,
  );
  const tied = createCountBefore(
    db,
    `FROM ties INDEXED BY ties_ready
     WHERE queue = ? AND lane = ? AND state = ${stateCode.ready} AND held = ${stages.free}`,
  );
  return ({ place, queue, countMax }) => {
    const { priority, turn, seq } = place;
    // What nothing ties has no turn, and so comes before any.
    const before = turn > 0 ? Number.MAX_SAFE_INTEGER : seq;
    const free = untied.get(queue, priority, queue, priority, before, countMax)?.[0] ?? 0;
    return ties
      .lanes(queue)
      .reduce((total, lane) => total + tied([queue, lane], place, countMax - total), free);
  };
}

/** The limits that the task obeys. */
function createLimitsOf(
  db: Database,
  ties: Ties,
): (among: Among, inQueue: { readonly ahead: number; readonly leased: number }) => LimitStanding[] {
  const select = query<LimitRow>(db, `${selectLimits} WHERE n.name = ? AND l.kind = ? AND l.subject = ?`);

  function find({ namespace }: TaskHead, kind: LimitKind, subject: string): LimitRow | undefined {
    return select.get(namespace, limitKinds.code(kind), subject);
  }

  function ofGate({ head, place, queue, countMax }: Among, kind: "key" | "name"): LimitStanding[] {
    const subject = kind === "key" ? head.ties?.limitKey : head.name;
    const row = subject === undefined ? undefined : find(head, kind, subject);
    if (subject === undefined || row === undefined) return [];
    const gate = { kind, text: scoped(head.namespace, subject) };
    const lines = ties.lines(gate).filter((line) => line.place[0] === queue);
    const ahead = lines.reduce(
      (total, line) => total + ties.unclaimedBefore(line, place, countMax - total),
      0,
    );
    return [{ limit: limitOf(row), dueAt: row[8], leased: ties.leased(gate), ahead }];
  }

  return (among, inQueue) => {
    const row = find(among.head, "queue", among.head.queue);
    const own = row === undefined ? [] : [{ limit: limitOf(row), dueAt: row[8], ...inQueue }];
    return [...ofGate(among, "key"), ...ofGate(among, "name"), ...own];
  };
}
