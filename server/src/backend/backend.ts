/**
 * The backend: what became of tasks. Reads, lists, and tells those who wait. It never changes a task. Read on in await.ts.
 */

import type { Namespace, TaskId, TaskRef } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { TaskPage, TaskQuery } from "../ports/task-store.ts";

/** How far a running attempt has come, as last reported. Kept in memory while it runs. */
export type TaskProgress = {
  readonly percent: number | undefined;
  readonly message: string;
  readonly data: Uint8Array | undefined;
};

/** News of one awaited task. */
export type TaskNews =
  | { readonly kind: "task"; readonly task: Task; readonly progress: TaskProgress | undefined }
  | { readonly kind: "progress"; readonly taskId: TaskId; readonly progress: TaskProgress }
  | { readonly kind: "unknown"; readonly taskId: TaskId };

/** Which tasks to wait for, and how long. */
export type AwaitRequest = {
  readonly namespace: Namespace;
  readonly tasks: readonly { readonly id: TaskId; readonly seenRevision: number }[];
  readonly timeoutMs: number;
};

/** What the edge calls. */
export interface Backend {
  /** One task in full with its live progress; TASK_UNKNOWN when there is none. */
  get(ref: TaskRef): Promise<{ readonly task: Task; readonly progress: TaskProgress | undefined }>;
  /** One page of tasks, newest first. */
  list(query: TaskQuery): Promise<TaskPage>;
  /**
   * News in batches: first what is newer than seen (one round for all), then each change of state, and progress. Subscribes before
   * it reads, and reads again every second, so a lost hint costs a second at most. Ends when all have ended, at the time-out, or when
   * `signal` aborts. CONCURRENCY_LIMIT_REACHED beyond awaitStreamsMax.
   */
  await(request: AwaitRequest, signal: AbortSignal): AsyncIterable<readonly TaskNews[]>;
}

/** Hints from the broker: these tasks changed, or one reported progress. Losing one costs latency only. */
export interface TaskHints {
  changed(refs: readonly TaskRef[]): void;
  progressed(ref: TaskRef, progress: TaskProgress): void;
}
