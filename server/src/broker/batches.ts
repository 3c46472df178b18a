import type { Instant, QueueName } from "../model/ids.ts";
import { throwRefusal } from "../model/refusal.ts";
import { type CancelMessage, taskStates } from "../model/task.ts";
import { type EditedTask, editTask, noEdit } from "../model/task-edit.ts";
import type { AdminStore } from "../ports/admin-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { TaskStore } from "../ports/task-store.ts";
import { type BatchDeed, type BatchDeps, type BatchOutcome, type TaskBatch, workThrough } from "./batch.ts";
import { type CancelMany, cancelStates } from "./cancel.ts";
import { deleteAtRest } from "./delete.ts";
import { type Edited, type EditNews, tellEdited } from "./edit-news.ts";

/** What to change about many tasks that wait; undefined leaves it as it is. */
export type BatchEdit = {
  readonly queue: QueueName | undefined;
  readonly priority: number | undefined;
  /** Now or earlier: at once. */
  readonly start: Instant | undefined;
};

/** What operators do to all tasks that a filter finds. */
export type Batches = {
  /** Changes those that wait. What their new queue refuses is thrown. */
  editTasks(batch: TaskBatch, edit: BatchEdit): Promise<BatchOutcome>;
  /** Deletes those that nobody has. */
  deleteTasks(batch: TaskBatch): Promise<BatchOutcome>;
  /** Cancels those that have not ended. */
  cancelTasks(batch: TaskBatch, message: CancelMessage): Promise<BatchOutcome>;
};

/** What that needs. */
export type BatchesDeps = BatchDeps & {
  readonly store: Pick<TaskStore, "apply"> & AdminStore;
  readonly clock: Clock;
  readonly hints: TaskHints;
  readonly news: EditNews;
  readonly cancelMany: CancelMany;
};

/** Makes the part of the broker that works through filters. */
export const createBatches = (deps: BatchesDeps): Batches => ({
  editTasks: (batch, edit) => workThrough(deps, batch, editDeed(deps, edit)),
  deleteTasks: (batch) =>
    workThrough(deps, batch, {
      states: taskStates,
      wouldChange: ({ state }) => state !== "leased",
      run: (heads) => deleteAtRest(deps, heads),
    }),
  cancelTasks: (batch, message) =>
    workThrough(deps, batch, {
      states: cancelStates,
      wouldChange: ({ state, cancel }) => cancelStates.includes(state) && cancel === undefined,
      run: (heads) => deps.cancelMany(heads, message),
    }),
});

function editDeed({ store, clock, hints, news }: BatchesDeps, asked: BatchEdit): BatchDeed {
  const edit = { ...noEdit, ...asked };
  return {
    states: ["scheduled", "ready"],
    wouldChange: (head) => typeof editTask(head, edit, clock.now()) === "object",
    async run(heads) {
      const now = clock.now();
      const edits = heads.flatMap((head) => {
        const edited = editTask(head, edit, now);
        return typeof edited === "object" ? [{ ref: head, revision: head.revision, edited, now, head }] : [];
      });
      const verdicts = await store.edit(edits);
      const done = edits.filter((_, at) => verdicts[at] === "applied");
      tellAll({ hints, news }, done);
      for (const [at, { ref, edited }] of edits.entries())
        throwRefusal(verdicts[at], { namespace: ref.namespace, queue: edited.queue });
      return done.length;
    },
  };
}

type Done = Edited & { readonly edited: EditedTask };

function tellAll({ hints, news }: Pick<BatchesDeps, "hints" | "news">, done: readonly Done[]): void {
  const [first] = done;
  if (first === undefined) return;
  hints.changed(done.map(({ head: { namespace, id } }) => ({ namespace, id })));
  tellEdited(news, first.head.namespace, done);
}
