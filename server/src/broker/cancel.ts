import type { TaskRef } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import { type CancelMessage, isTerminal, type TaskHead, type TaskState } from "../model/task.ts";
import { type TaskChange, transition } from "../model/task-machine.ts";
import type { Clock } from "../ports/clock.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { GuardedChange, TaskStore } from "../ports/task-store.ts";
import type { Sessions } from "./sessions.ts";

/** How often a task may change between being read and being written before whoever cancels it is told to come back. */
const triesMax = 10;

/** The answer to a cancel: what really happened. */
export type CancelVerdict = {
  readonly kind: "cancelled" | "requested" | "already_terminal";
  readonly state: TaskState;
};

/** What cancelling needs. */
export type CancelDeps = {
  readonly store: Pick<TaskStore, "readHeads" | "apply">;
  readonly clock: Clock;
  readonly sessions: Pick<Sessions, "tellCancel">;
  readonly hints: TaskHints;
};

/** Cancels one task. */
export type Cancel = (ref: TaskRef, message: CancelMessage) => Promise<CancelVerdict>;

/** Cancels tasks as they were read, in one write; answers how many that changed. */
export type CancelMany = (heads: readonly TaskHead[], message: CancelMessage) => Promise<number>;

/** The states that a cancel means something in. */
export const cancelStates: readonly TaskState[] = ["scheduled", "ready", "leased"];

/** Makes the part of the broker that cancels. Whoever commits first wins: a settlement, a claim or the cancel. */
export function createCancel(deps: CancelDeps): Cancel {
  return async (ref, message) => {
    let revision = 0;
    for (let tries = 0; tries < triesMax; tries++) {
      const [head] = await deps.store.readHeads([ref]);
      if (head === undefined) throw new StemProblem({ reason: "TASK_UNKNOWN", taskId: ref.id });
      if (isTerminal(head.state)) return { kind: "already_terminal", state: head.state };
      const verdict = await request(deps, head, message);
      if (verdict !== undefined) return verdict;
      revision = head.revision;
    }
    throw new StemProblem({ reason: "REVISION_CONFLICT", taskId: ref.id, revision });
  };
}

/** Makes the part that cancels many. A task that changed meanwhile is left alone. */
export const createCancelMany =
  (deps: CancelDeps): CancelMany =>
  async (heads, message) =>
    (await requestAll(deps, heads, message)).length;

/** Undefined: somebody else changed the task first. */
async function request(
  deps: CancelDeps,
  head: TaskHead,
  message: CancelMessage,
): Promise<CancelVerdict | undefined> {
  // Asked once is asked.
  if (head.state === "leased" && head.cancel) return { kind: "requested", state: head.state };
  const [done] = await requestAll(deps, [head], message);
  if (done === undefined) return undefined;
  return { kind: isTerminal(done.change.state) ? "cancelled" : "requested", state: done.change.state };
}

type Requested = { readonly head: TaskHead; readonly change: TaskChange };

/** Writes what a cancel makes of these tasks, and tells who is concerned; answers those that it was written for. */
async function requestAll(
  { store, clock, sessions, hints }: CancelDeps,
  heads: readonly TaskHead[],
  message: CancelMessage,
): Promise<readonly Requested[]> {
  const now = clock.now();
  const changes: (GuardedChange & Requested)[] = [];
  for (const head of heads) {
    const change = transition(head, { kind: "cancel", cancel: { ...message, at: now } }, now);
    const { namespace, id, revision } = head;
    if (change)
      changes.push({ ref: { namespace, id }, revision, leaseUntilBefore: undefined, change, now, head });
  }
  const verdicts = await store.apply(changes);
  const done = changes.filter((_, at) => verdicts[at] === "applied");
  hints.changed(done.map(({ ref }) => ref));
  for (const { ref, change, head } of done)
    if (!isTerminal(change.state) && head.fence !== undefined) sessions.tellCancel(ref, head.fence, message);
  return done;
}
