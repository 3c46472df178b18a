import type { Bytes, Instant, QueueName, TaskRef } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import { throwRefusal } from "../model/refusal.ts";
import { isTerminal, type Task, type TaskHead, type TerminalState } from "../model/task.ts";
import { editTask, noEdit, type TaskEdit } from "../model/task-edit.ts";
import type { AdminStore } from "../ports/admin-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { TaskStore } from "../ports/task-store.ts";
import { deleteAtRest } from "./delete.ts";
import { type EditNews, tellEdited } from "./edit-news.ts";

/** How often a task may change between being read and being written before whoever changes it is told to come back. */
const triesMax = 10;

/** What to change about a task that waits; undefined leaves it as it is. */
export type EditWish = {
  readonly queue: QueueName | undefined;
  readonly priority: number | undefined;
  /** Now or earlier: at once. */
  readonly start: Instant | undefined;
  /** Makes its content anew, out of what it is. */
  readonly rewrite: ((content: Bytes) => Bytes) | undefined;
};

/** One task, and the revision that whoever changes it has seen; undefined: any. */
export type TaskAt = { readonly ref: TaskRef; readonly revision: number | undefined };

/** Changes single tasks. */
export type Editing = {
  /** Changes a task that waits. TASK_UNKNOWN, TASK_NOT_WAITING, REVISION_CONFLICT, QUEUE_LIMIT_REACHED. */
  editTask(at: TaskAt, wish: EditWish): Promise<Task>;
  /** Removes a task's record, after cancelling it where it waits. TASK_UNKNOWN, TASK_RUNNING, REVISION_CONFLICT. */
  deleteTask(at: TaskAt): Promise<TerminalState>;
};

/** What changing tasks needs. */
export type EditingDeps = {
  readonly store: Pick<TaskStore, "read" | "readHeads" | "apply"> & AdminStore;
  readonly clock: Clock;
  readonly hints: TaskHints;
  readonly news: EditNews;
};

/** A wish that changes nothing yet. */
export const noWish: EditWish = {
  queue: undefined,
  priority: undefined,
  start: undefined,
  rewrite: undefined,
};

/** Makes the part of the broker that changes single tasks. Whoever commits first wins: a claim or the change. */
export function createEditing(deps: EditingDeps): Editing {
  const { store, clock } = deps;

  async function readHead(ref: TaskRef): Promise<TaskHead> {
    const [head] = await store.readHeads([ref]);
    return head ?? unknown(ref);
  }

  async function readTask(ref: TaskRef): Promise<Task> {
    const [task] = await store.read([ref]);
    return task ?? unknown(ref);
  }

  return {
    async editTask({ ref, revision }, wish) {
      let head: TaskHead | undefined;
      for (let tries = 0; tries < triesMax; tries++) {
        const task = wish.rewrite ? await readTask(ref) : undefined;
        head = task ?? (await readHead(ref));
        checkRevision(head, revision);
        const edit = { ...wish, content: task && wish.rewrite?.(task.content) };
        if (await write(deps, head, { ...noEdit, ...edit, now: clock.now() })) return readTask(ref);
      }
      throw conflict(ref, head?.revision ?? 0);
    },
    async deleteTask({ ref, revision }) {
      let head: TaskHead | undefined;
      for (let tries = 0; tries < triesMax; tries++) {
        head = await readHead(ref);
        checkRevision(head, revision);
        if (head.state === "leased") throw new StemProblem({ reason: "TASK_RUNNING", taskId: ref.id });
        if ((await deleteAtRest(deps, [head])) === 1)
          return isTerminal(head.state) ? head.state : "cancelled";
      }
      throw conflict(ref, head?.revision ?? 0);
    },
  };
}

/** False where somebody else changed the task first. */
async function write(
  { store, hints, news }: EditingDeps,
  head: TaskHead,
  { now, ...edit }: TaskEdit & { readonly now: Instant },
): Promise<boolean> {
  const { namespace, id, revision } = head;
  const edited = editTask(head, edit, now);
  if (edited === "not_waiting")
    throw new StemProblem({ reason: "TASK_NOT_WAITING", taskId: id, state: head.state });
  if (edited === "unchanged") return true;
  const ref = { namespace, id };
  const [verdict] = await store.edit([{ ref, revision, edited, now }]);
  throwRefusal(verdict, { namespace, queue: edited.queue });
  if (verdict !== "applied") return false;
  hints.changed([ref]);
  tellEdited(news, namespace, [{ head, edited }]);
  return true;
}

function checkRevision({ namespace, id, revision }: TaskHead, expected: number | undefined): void {
  if (expected !== undefined && expected !== revision) throw conflict({ namespace, id }, revision);
}

const conflict = (ref: TaskRef, revision: number): StemProblem =>
  new StemProblem({ reason: "REVISION_CONFLICT", taskId: ref.id, revision });

function unknown(ref: TaskRef): never {
  throw new StemProblem({ reason: "TASK_UNKNOWN", taskId: ref.id });
}
