import { type LimitKind, scoped } from "../../model/gate.ts";
import type { LimitedGate } from "../../model/gatekeeper.ts";
import type { Instant, TaskId, TaskRef } from "../../model/ids.ts";
import { stopOf } from "../../model/namespace.ts";
import type { LimitStanding, TaskStanding } from "../../model/standing.ts";
import type { TaskHead } from "../../model/task.ts";
import { states } from "../sql/codes.ts";
import { type LimitRow, limitKinds, limitOf } from "../sql/limit-rows.ts";
import { namespaceStates, queueLives } from "../sql/space-rows.ts";
import { type HeadRow, headColumns, headOf } from "../sql/task-row.ts";
import { readLanes } from "./claim-shelf.ts";
import { type Before, freeBefore, passedBefore } from "./count-before.ts";
import { readFirsts, readLines } from "./gate-reads.ts";
import { headJoins } from "./head-joins.ts";
import { pauseOf } from "./queues.ts";
import { selectLimits } from "./rules.ts";
import { type Session, statement } from "./session.ts";
import { readTies, type Tie } from "./ties.ts";

type More = readonly [
  queue: number,
  life: number,
  spaceState: number,
  spaceReason: string,
  pauseReason: string | null,
  pausedAt: Instant | null,
  pausedBy: string | null,
  resumeAt: Instant | null,
  leased: number,
];

const select = statement<[...HeadRow, ...More]>(`
  SELECT ${headColumns}, t.queue, q.life, n.state, n.reason, q.pause_reason, q.paused_at, q.paused_by, q.resume_at,
    (SELECT coalesce(sum(d.leased), 0)::int8 FROM depths d WHERE d.queue = t.queue)
  FROM tasks t ${headJoins} WHERE n.name = $1 AND c.namespace = n.id AND c.id = $2`);

/** Where a task stands among all that decides whether it runs, in a session that sees one moment. */
export async function readStanding(
  db: Session,
  { namespace, id }: TaskRef,
  aheadMax: number,
): Promise<TaskStanding | undefined> {
  const [row] = await db.rows(select, namespace, id);
  if (row === undefined) return undefined;
  const head = headOf(row as unknown as HeadRow);
  const [queue, life, spaceState, reason, ...rest] = row.slice(-9) as unknown as More;
  const [pauseReason, pausedAt, pausedBy, resumeAt, leased] = rest;
  const [tie] = await readTies(db, [row[0]]);
  const place = { seq: row[0], priority: head.priority, turn: tie?.turn ?? 0 };
  const before = { place, queue, countMax: head.state === "ready" ? aheadMax + 1 : 0 };
  const lanes = (await readLanes(db, [queue])).map(([, lane]) => lane);
  const ahead = await freeBefore(db, before, lanes);
  return {
    head,
    stop: stopOf({ state: namespaceStates.word(spaceState), reason }),
    isQueueDeleting: queueLives.word(life) === "deleting",
    pause: pauseOf(pauseReason, pausedAt, pausedBy, resumeAt),
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

const selectLimit = statement<LimitRow>(
  `${selectLimits} WHERE n.name = $1 AND l.kind = $2 AND l.subject = $3`,
);

type Obeying = { readonly head: TaskHead; readonly before: Before };

/** The limits that the task obeys. */
async function limitsOf(
  db: Session,
  { head, before }: Obeying,
  inQueue: { readonly ahead: number; readonly leased: number },
): Promise<LimitStanding[]> {
  async function find(kind: LimitKind, subject: string): Promise<LimitRow | undefined> {
    const [row] = await db.rows(selectLimit, head.namespace, limitKinds.code(kind), subject);
    return row;
  }

  async function atGate(kind: LimitedGate["kind"], subject: string | undefined): Promise<LimitStanding[]> {
    const row = subject === undefined ? undefined : await find(kind, subject);
    if (subject === undefined || row === undefined) return [];
    const gate = { kind, text: scoped(head.namespace, subject) };
    const lines = await readLines(db, gate);
    const ahead = await passedBefore(db, before, gate, lines);
    const leased = lines.reduce((sum, line) => sum + line.leased, 0);
    return [{ limit: limitOf(row), dueAt: row[8], leased, ahead }];
  }

  const own = await find("queue", head.queue);
  return [
    ...(await atGate("key", head.ties?.limitKey)),
    ...(await atGate("name", head.name)),
    ...(own === undefined ? [] : [{ limit: limitOf(own), dueAt: own[8], ...inQueue }]),
  ];
}
