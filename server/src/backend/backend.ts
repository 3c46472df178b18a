/**
 * The backend: what became of tasks. Reads, lists, and tells those who wait. It never changes a task. Read on in await.ts.
 */

import { createBells } from "../lib/bells.ts";
import type { Namespace, TaskRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import type { Task } from "../model/task.ts";
import type { UniqueClaim } from "../model/unique.ts";
import type { Clock } from "../ports/clock.ts";
import type { OutputPage } from "../ports/output-store.ts";
import type { Store } from "../ports/store.ts";
import type { TaskHints, TaskProgress } from "../ports/task-hints.ts";
import type { TaskPage, TaskQuery } from "../ports/task-store.ts";
import { type AwaitRequest, createAwait, type TaskNews } from "./await.ts";
import { bellOf, createWatchOutput, type OutputRequest } from "./output.ts";
import { createProgressBoard } from "./progress.ts";
import { createWaiters } from "./waiters.ts";

export type { AwaitRequest, OutputRequest, TaskHints, TaskNews, TaskProgress };

/** What the edge calls. */
export interface Backend {
  /** One task in full with its live progress; TASK_UNKNOWN when there is none. */
  get(ref: TaskRef): Promise<{ readonly task: Task; readonly progress: TaskProgress | undefined }>;
  /** One page of tasks, newest first. */
  list(query: TaskQuery): Promise<TaskPage>;
  /** The claim of a unique key; undefined while it is free. */
  getClaim(namespace: Namespace, key: string): Promise<UniqueClaim | undefined>;
  /** Claims of a namespace that are not free, by key, after `after`. */
  listClaims(namespace: Namespace, after: string | undefined, limit: number): Promise<readonly UniqueClaim[]>;
  /**
   * News in batches: first what is newer than seen (one round for all), then each change of state, and progress. Subscribes before
   * it reads, and reads again every second, so a lost hint costs a second at most. Ends when all have ended, at the time-out, or when
   * `signal` aborts. Whoever does not pull finds the latest of each task. CONCURRENCY_LIMIT_REACHED beyond awaitStreamsMax.
   */
  await(request: AwaitRequest, signal: AbortSignal): AsyncIterable<readonly TaskNews[]>;
  /**
   * Follows a task's output in pages: first what is kept, then what comes, each entry once. Ends after the page that says that the task
   * has ended, at the time-out, or when `signal` aborts. Throws TASK_UNKNOWN, also when the task's record goes meanwhile.
   */
  watchOutput(request: OutputRequest, signal: AbortSignal): AsyncIterable<OutputPage>;
}

/** What a backend lives on. */
export type BackendDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: Limits;
};

/** Makes the backend of a server; `hints` is where the other rooms tell it what changed. */
export function createBackend({
  store,
  clock,
  limits,
}: BackendDeps): Backend & { readonly hints: TaskHints } {
  const board = createProgressBoard();
  const waiters = createWaiters();
  const bells = createBells();
  const ring = (refs: readonly TaskRef[]): void => {
    if (bells.isHeard) for (const ref of refs) bells.ring(bellOf(ref));
  };
  return {
    async get(ref) {
      const [task] = await store.read([ref]);
      if (task === undefined) throw new StemProblem({ reason: "TASK_UNKNOWN", taskId: ref.id });
      return { task, progress: task.state === "leased" ? board.get(ref) : undefined };
    },
    list: (query) => store.list(query),
    getClaim: (namespace, key) => store.getClaim(namespace, key, clock.now()),
    listClaims: (namespace, after, limit) => store.listClaims({ namespace, after, limit, now: clock.now() }),
    await: createAwait({ store, clock, limits, waiters, board }),
    watchOutput: createWatchOutput({ store, clock, limits, bells }),
    hints: {
      changed(refs) {
        waiters.changed(refs);
        ring(refs);
      },
      manyChanged: waiters.manyChanged,
      leaseEnded(refs) {
        board.drop(refs);
        waiters.changed(refs);
        ring(refs);
      },
      written: ring,
      progressed(ref, progress) {
        board.put(ref, progress);
        waiters.progressed(ref, progress);
      },
    },
  };
}
