/**
 * Limits, orders, turns and labels, exactly, over all servers. Whoever moves a tied task holds the lock of its namespace's gates until
 * its transaction ends, so that gates are tended by one server at a time; tasks that nothing ties never come here. What the gatekeeper
 * (model/gatekeeper.ts) decides is decided on a picture of what it asks for (gate-picture.ts), and then written.
 */

import type { LimitedGate } from "../../model/gatekeeper.ts";
import type { NewTask } from "../../model/task.ts";
import { createGateBell, type GateBell } from "../sql/gate-bell.ts";
import { int4s } from "./arrays.ts";
import { createGateDesk, type GateDesk } from "./gate-desk.ts";
import { createGateMoves, type GateMoves } from "./gate-moves.ts";
import { createPicture, type Picture } from "./gate-picture.ts";
import { createTodo } from "./gate-todo.ts";
import { createLiveLimits, type LiveLimits } from "./live-limits.ts";
import { gatesLock } from "./locks-of-store.ts";
import type { QueueEntry, QueueRegistry } from "./queue-registry.ts";
import type { Rules } from "./rules.ts";
import { type Session, statement } from "./session.ts";

/** The gates, as verbs see them in one transaction. */
export type Gates = GateMoves &
  GateDesk & {
    readonly limits: LiveLimits;
    readonly bell: GateBell;
    /** Whether gates may ever keep a new task that comes into this queue. To be asked in the order in which they come. */
    isTied(task: NewTask, queue: QueueEntry): boolean;
    /** Holds the gates of these namespaces until the transaction ends. Before any task of theirs is locked that is tied. */
    lock(namespaces: readonly number[]): Promise<void>;
    /** Something happened at a gate. */
    touch(gate: LimitedGate): void;
    /** Something has to be read before a decision can be made. */
    readonly want: Picture["want"];
  };

const lockAll = statement(`
  SELECT pg_advisory_xact_lock($1::int4, space + ${gatesLock(0)}) FROM (
    SELECT DISTINCT space FROM unnest($2::int4[]) AS u(space) ORDER BY 1) spaces`);

export type GateParts = {
  readonly db: Session;
  readonly lockClass: number;
  readonly rules: Rules;
  readonly queues: QueueRegistry;
};

/** Makes the gates of a transaction. */
export function createGates({ db, lockClass, rules, queues }: GateParts): Gates {
  const picture = createPicture();
  const bell = createGateBell();
  const limits = createLiveLimits(db, rules, picture.want);
  const todo = createTodo();
  // Queues where keys take turns because of this transaction.
  const fair = new Set<number>();
  const isFair = ({ id }: QueueEntry): boolean => rules.fairQueues.has(id) || fair.has(id);
  return {
    ...createGateDesk({ db, queues, picture, bell, limits, todo }),
    ...createGateMoves({ db, picture, limits, todo, isFair }),
    limits,
    bell,
    isTied(task, queue) {
      if (task.ties?.fairnessKey !== undefined) fair.add(queue.id);
      return task.ties !== undefined || isFair(queue) || rules.namedSpaces.has(task.namespace);
    },
    async lock(namespaces) {
      if (namespaces.length > 0) await db.rows(lockAll, lockClass, int4s(namespaces));
    },
    touch: todo.touch,
    want: picture.want,
  };
}
