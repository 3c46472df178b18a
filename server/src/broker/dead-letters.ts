import { chunksOf } from "../lib/chunks.ts";
import type { AttemptRecord } from "../model/attempt.ts";
import { type Replay, replayIdOf } from "../model/dead-letter.ts";
import type { TaskId, TaskRef } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { Task, TaskHead } from "../model/task.ts";
import type { AdminStore } from "../ports/admin-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { TaskPage, TaskQuery, TaskStore } from "../ports/task-store.ts";
import { type BatchDeps, type BatchOutcome, type TaskBatch, workThrough } from "./batch.ts";
import { deleteAtRest } from "./delete.ts";
import type { Enqueueing } from "./enqueue.ts";
import type { EnqueueVerdict } from "./enqueue-verdict.ts";
import { againAs, type ReplayEdit } from "./replay.ts";

/** A dead letter, and what became of it. */
export type DeadLetter = { readonly task: Task; readonly replay: Replay | undefined };

/** A dead letter and the task that replays it; in a dry run, would. */
export type ReplayedLetter = {
  readonly taskId: TaskId;
  readonly newTaskId: TaskId;
  readonly isNew: boolean;
};

/** What operators do with failed tasks. */
export type DeadLetters = {
  /** One page of failed tasks, with what became of them. */
  listDeadLetters(
    query: TaskQuery,
  ): Promise<{ readonly letters: readonly DeadLetter[]; readonly cursor: TaskPage["cursor"] }>;
  /** One failed task and the history of its attempts. TASK_UNKNOWN, TASK_NOT_FAILED. */
  getDeadLetter(ref: TaskRef): Promise<DeadLetter & { readonly attempts: readonly AttemptRecord[] }>;
  /** Runs failed tasks again, each once. TASK_UNKNOWN and TASK_NOT_FAILED for ids that are named, before anything is done. */
  replayDeadLetters(
    batch: TaskBatch,
    edit: ReplayEdit,
  ): Promise<BatchOutcome & { readonly replayed: readonly ReplayedLetter[] }>;
  /** Deletes failed tasks. */
  purgeDeadLetters(batch: TaskBatch): Promise<BatchOutcome>;
};

/** What that needs. */
export type DeadLettersDeps = BatchDeps & {
  readonly store: AdminStore & Pick<TaskStore, "read" | "readHeads" | "apply">;
  readonly clock: Clock;
  readonly hints: TaskHints;
  readonly enqueueing: Pick<Enqueueing, "enqueueMade">;
};

const states = ["failed"] as const;
/** Contents that are held in memory at once while they are replayed. */
const readTogether = 16;

/** Makes the part of the broker for failed tasks. */
export function createDeadLetters(deps: DeadLettersDeps): DeadLetters {
  const { store, clock } = deps;
  const replay = createReplayLetters(deps);
  return {
    async listDeadLetters(query) {
      const { tasks, cursor } = await store.list({ ...query, states });
      const replays = await store.readReplays(tasks);
      return { letters: tasks.map((task, at) => ({ task, replay: replays[at] })), cursor };
    },
    async getDeadLetter(ref) {
      const [[task], [replay], attempts] = await Promise.all([
        store.read([ref]),
        store.readReplays([ref]),
        store.readAttempts(ref),
      ]);
      return { task: deadLetter(task, ref), replay, attempts };
    },
    async replayDeadLetters(batch, edit) {
      const { namespace, ids } = batch.filter;
      const refs = ids?.map((id) => ({ namespace, id })) ?? [];
      const named = await store.readHeads(refs);
      for (const [at, ref] of refs.entries()) deadLetter(named[at], ref);
      const replayed: ReplayedLetter[] = [];
      const outcome = await workThrough(deps, batch, {
        ...{ states, wouldChange: () => true },
        async tell(heads) {
          replayed.push(...(await foresee(store, heads)));
        },
        async run(heads) {
          const done = await replay(heads, { edit, now: clock.now(), areNamed: ids !== undefined });
          replayed.push(...done);
          return done.filter(({ isNew }) => isNew).length;
        },
      });
      return { ...outcome, replayed };
    },
    purgeDeadLetters: (batch) =>
      workThrough(deps, batch, {
        ...{ states, wouldChange: () => true },
        run: (heads) => deleteAtRest(deps, heads),
      }),
  };
}

/** What a replay of these would answer. */
async function foresee(
  store: Pick<AdminStore, "readReplays">,
  heads: readonly TaskHead[],
): Promise<readonly ReplayedLetter[]> {
  const replays = await store.readReplays(heads);
  return heads.map((head, at) => {
    const replay = replays[at];
    return { taskId: head.id, newTaskId: replay?.taskId ?? replayIdOf(head), isNew: replay === undefined };
  });
}

type ReplayLetters = (
  heads: readonly TaskHead[],
  how: { readonly edit: ReplayEdit; readonly now: Replay["at"]; readonly areNamed: boolean },
) => Promise<readonly ReplayedLetter[]>;

/** Replays those that were not replayed yet. The new task comes first and the note of it second: a repeat finds the same id. */
function createReplayLetters({ store, enqueueing }: DeadLettersDeps): ReplayLetters {
  return async (heads, { edit, now, areNamed }) => {
    const foreseen = await foresee(store, heads);
    const due = heads.filter((_, at) => foreseen[at]?.isNew);
    const made = new Set<TaskId>();
    const taken = new Set<TaskId>();
    for (const some of chunksOf(due, readTogether)) {
      const tasks = (await store.read(some)).filter((task) => task !== undefined);
      const verdicts = await enqueueing.enqueueMade(
        tasks.map((task) => againAs(task, replayIdOf(task), edit)),
      );
      for (const [at, verdict] of verdicts.entries()) {
        const task = tasks[at];
        // Another task has its unique key by now, or another letter of these: it stays a letter, unless it was meant by its id.
        if (task && !areNamed && isTaken(verdict)) taken.add(task.id);
        // Taken by a replay with other changes, of which only the note was lost.
        else if (verdict.kind === "refused" && verdict.problem.reason !== "TASK_EXISTS")
          throw new StemProblem(verdict.problem);
        if (task && verdict.kind === "stored" && !verdict.deduplicated) made.add(task.id);
      }
      const replayed = tasks.filter(({ id }) => !taken.has(id));
      await store.noteReplays(
        replayed.map((task) => ({ ref: task, replay: { taskId: replayIdOf(task), at: now } })),
      );
    }
    const done = foreseen.filter(({ taskId }) => !taken.has(taskId));
    return done.map((letter) => ({ ...letter, isNew: made.has(letter.taskId) }));
  };
}

function deadLetter<T extends TaskHead>(task: T | undefined, { id }: TaskRef): T {
  if (task === undefined) throw new StemProblem({ reason: "TASK_UNKNOWN", taskId: id });
  if (task.state !== "failed")
    throw new StemProblem({ reason: "TASK_NOT_FAILED", taskId: id, state: task.state });
  return task;
}

const isTaken = (verdict: EnqueueVerdict): boolean =>
  verdict.kind === "refused" && verdict.problem.reason === "UNIQUE_TAKEN";
