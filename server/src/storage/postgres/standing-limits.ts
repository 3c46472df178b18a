import { type LimitKind, scoped } from "../../model/gate.ts";
import type { LimitedGate } from "../../model/gatekeeper.ts";
import type { LimitStanding } from "../../model/standing.ts";
import type { TaskHead } from "../../model/task.ts";
import { type LimitRow, limitKinds, limitOf } from "../sql/limit-rows.ts";
import { type Before, passedBefore } from "./count-before.ts";
import { readLines } from "./gate-reads.ts";
import { selectLimits } from "./rules.ts";
import { type Session, statement } from "./session.ts";

const selectLimit = statement<LimitRow>(
  `${selectLimits} WHERE n.name = $1 AND l.kind = $2 AND l.subject = $3`,
);

type Obeying = { readonly head: TaskHead; readonly before: Before };

/** The limits that the task obeys. */
export async function limitsOf(
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
