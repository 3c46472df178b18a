import { scoped } from "../../model/gate.ts";
import {
  createGatekeeper,
  type Gatekeeper,
  type LimitedGate,
  type LiveLimit,
  stages,
} from "../../model/gatekeeper.ts";
import type { Instant, Namespace } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { createGateBell, type GateBell } from "../sql/gate-bell.ts";
import type { Database } from "./files/connection.ts";
import { createGateMoves, type GateMoves } from "./gate-moves.ts";
import { createLimitRegistry, type LimitRegistry } from "./limit-registry.ts";
import { createQueueGates, type QueueGates } from "./queue-gates.ts";
import type { QueueRegistry } from "./queue-registry.ts";
import { createTies, type Line, type Tie, type Ties } from "./ties.ts";
import { createTurns, type Turns } from "./turns.ts";

/** Gates at work: what the verbs tell them as they move tasks. Most commits have nothing to do with them. */
export type Gates = GateBell &
  QueueGates &
  GateMoves & {
    readonly limits: LimitRegistry;
    readonly ties: Ties;
    readonly keeper: Gatekeeper<Tie>;
    readonly turns: Turns;
    /** Whether a new task has to be tied. */
    isTied(task: NewTask): boolean;
    /** Names are about to matter in a namespace: its new tasks are tied from now on. */
    expectNames(namespace: Namespace): void;
    /** Brings all in order that the verb which ends has touched; true: there is more to do. */
    tend(now: Instant): boolean;
    /** After a transaction was undone. */
    reload(): void;
  };

/** Makes the gates of a writer. */
export function createGates(db: Database, queues: QueueRegistry): Gates {
  const limits = createLimitRegistry(db, queues);
  const ties = createTies(db);
  const expecting = new Set<Namespace>();
  const bell = createGateBell();
  const turns = createTurns(db, queues);
  const limitOf = ({ kind, text }: LimitedGate): LiveLimit | undefined => limits.of(kind, text);
  const keeper = createGatekeeper<Tie, Line>({
    ...ties,
    limitOf,
    wakeAt: bell.wakeAt,
    stand(tie, stage) {
      ties.hold(tie.seq, stage);
      if (stage === stages.free) bell.opened(queues.byId(tie.queue), 1);
    },
  });
  function noteTied(): void {
    for (const queue of ties.queues()) queues.byId(queue).hasTied = true;
  }

  function touchAll(): void {
    for (const { limit } of limits.all())
      if (limit.kind !== "queue")
        keeper.touchGate({ kind: limit.kind, text: scoped(limit.namespace, limit.subject) });
  }

  // What was left to do when the store was closed last is done with the first verb.
  noteTied();
  touchAll();
  return {
    limits,
    ties,
    keeper,
    ...bell,
    ...createQueueGates(limits, bell),
    ...createGateMoves(db, { limits, ties, keeper, turns }),
    turns,
    isTied: ({ ties: own, namespace, queue }) =>
      own !== undefined ||
      (turns.isAnyFair && queues.find(namespace, queue)?.turn !== undefined) ||
      limits.hasNames(namespace) ||
      (expecting.size > 0 && expecting.has(namespace)),
    expectNames: (namespace) => void expecting.add(namespace),
    tend(now) {
      const isMore = keeper.tend(now);
      if (isMore) bell.wakeAt(now);
      return isMore;
    },
    reload() {
      limits.reload();
      turns.reload();
      expecting.clear();
      bell.take();
      noteTied();
      touchAll();
    },
  };
}
