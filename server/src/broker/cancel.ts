import type { TaskRef } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import { isTerminal, type TaskHead, type TaskState } from "../model/task.ts";
import { transition } from "../model/task-machine.ts";
import type { Clock } from "../ports/clock.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { TaskStore } from "../ports/task-store.ts";
import type { Sessions } from "./sessions.ts";

/** How often a task may change between being read and being written before whoever cancels it is told to come back. */
const triesMax = 10;

/** The answer to a cancel: what really happened. */
export type CancelVerdict = {
  readonly kind: "cancelled" | "requested" | "already_terminal";
  readonly state: TaskState;
};

/** What cancelling needs. */
export type CancellingDeps = {
  readonly store: Pick<TaskStore, "readHeads" | "apply">;
  readonly clock: Clock;
  readonly sessions: Pick<Sessions, "tellCancel">;
  readonly hints: TaskHints;
};

/** Cancels one task. */
export type Cancel = (ref: TaskRef, reason: string) => Promise<CancelVerdict>;

/** Makes the part of the broker that cancels. Whoever commits first wins: a settlement, a claim or the cancel. */
export function createCancel({ store, clock, sessions, hints }: CancellingDeps): Cancel {
  return async (ref, reason) => {
    for (let tries = 0; tries < triesMax; tries++) {
      const [head] = await store.readHeads([ref]);
      if (head === undefined) throw new StemProblem({ reason: "TASK_UNKNOWN", taskId: ref.id });
      if (isTerminal(head.state)) return { kind: "already_terminal", state: head.state };
      const verdict = await request(head, reason);
      if (verdict !== undefined) return verdict;
    }
    throw new StemProblem({ reason: "REVISION_CONFLICT", taskId: ref.id });
  };

  /** Undefined: somebody else changed the task first. */
  async function request(head: TaskHead, reason: string): Promise<CancelVerdict | undefined> {
    const { namespace, id, revision, fence } = head;
    const now = clock.now();
    const change = transition(head, { kind: "cancel", cancel: { reason, at: now } }, now);
    if (change === undefined) return { kind: "requested", state: head.state };
    const ref = { namespace, id };
    const [answer] = await store.apply([{ ref, revision, leaseUntilBefore: undefined, change, now }]);
    if (answer !== "applied") return undefined;
    hints.changed([ref]);
    if (isTerminal(change.state)) return { kind: "cancelled", state: change.state };
    if (fence !== undefined) sessions.tellCancel(ref, fence, reason);
    return { kind: "requested", state: change.state };
  }
}
