import type { Namespace, TaskId } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import { isTerminal, type Task, type TaskHead } from "../model/task.ts";
import type { Clock } from "../ports/clock.ts";
import type { TaskProgress } from "../ports/task-hints.ts";
import type { TaskStore } from "../ports/task-store.ts";
import type { ProgressBoard } from "./progress.ts";
import { createVigil, type Vigil } from "./vigil.ts";
import type { Waiter, Waiters } from "./waiters.ts";

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

/** Waits for tasks; Backend.await tells what it promises. */
export type Await = (request: AwaitRequest, signal: AbortSignal) => AsyncIterable<readonly TaskNews[]>;

/** What waiting needs. */
export type AwaitDeps = {
  readonly store: Pick<TaskStore, "read" | "readHeads">;
  readonly clock: Clock;
  readonly limits: Pick<Limits, "awaitStreamsMax">;
  readonly waiters: Waiters;
  readonly board: ProgressBoard;
};

/** Tasks are read whole, so few at a time: as many as came in under this many bytes the last time. */
const readBytesAim = 1024 * 1024;
const readTasksMin = 8;
const readTasksMax = 64;

/** Makes the part of the backend that waits. */
export function createAwait({ store, clock, limits, waiters, board }: AwaitDeps): Await {
  let streams = 0;

  return async function* (request, signal) {
    const max = limits.awaitStreamsMax;
    if (streams >= max)
      throw new StemProblem({ reason: "CONCURRENCY_LIMIT_REACHED", limit: "awaitStreamsMax", max });
    streams += 1;
    const vigil = createVigil({ clock, waiters }, request, signal);
    try {
      yield* follow(vigil);
    } finally {
      vigil.end();
      streams -= 1;
    }
  };

  async function* follow(vigil: Vigil): AsyncGenerator<readonly TaskNews[]> {
    const { waiter } = vigil;
    for (;;) {
      const ids = vigil.takeReread() ? await changedSince(vigil) : vigil.takeChanged();
      yield* newsOf(vigil, ids);
      const progress = [...vigil.takeReported()].filter(([id]) => waiter.open.has(id));
      if (progress.length > 0)
        yield progress.map(([taskId, report]) => ({ kind: "progress", taskId, progress: report }));
      if (waiter.open.size === 0 || vigil.isOver()) return;
      await vigil.sleep();
    }
  }

  /** The tasks that are newer than seen, whatever the hints said. */
  async function changedSince({ waiter, takeChanged }: Vigil): Promise<readonly TaskId[]> {
    takeChanged();
    const ids = [...waiter.open.keys()];
    const heads = await store.readHeads(ids.map((id) => ({ namespace: waiter.namespace, id })));
    return ids.filter((id, at) => isNews(waiter, id, heads[at]));
  }

  function isNews(waiter: Waiter, id: TaskId, head: TaskHead | undefined): boolean {
    if (head === undefined || head.revision > (waiter.open.get(id) ?? 0)) return true;
    // Its end was seen before.
    if (isTerminal(head.state)) waiters.close(waiter, id);
    return false;
  }

  async function* newsOf(vigil: Vigil, ids: readonly TaskId[]): AsyncGenerator<readonly TaskNews[]> {
    const { namespace } = vigil.waiter;
    let size = readTasksMin;
    for (let at = 0; at < ids.length; ) {
      const some = ids.slice(at, at + size);
      at += some.length;
      const tasks = await store.read(some.map((id) => ({ namespace, id })));
      size = nextSize(size, tasks);
      const news = some.flatMap((id, index) => judge(vigil, id, tasks[index]));
      if (news.length > 0) yield news;
    }
  }

  function judge({ waiter }: Vigil, id: TaskId, task: Task | undefined): readonly TaskNews[] {
    const seen = waiter.open.get(id);
    if (seen === undefined) return [];
    if (task === undefined) {
      waiters.close(waiter, id);
      return [{ kind: "unknown", taskId: id }];
    }
    if (task.revision <= seen) return [];
    waiter.open.set(id, task.revision);
    if (isTerminal(task.state)) waiters.close(waiter, id);
    return [{ kind: "task", task, progress: task.state === "leased" ? board.get(task) : undefined }];
  }
}

function nextSize(size: number, tasks: readonly (Task | undefined)[]): number {
  let bytes = 0;
  for (const task of tasks) bytes += (task?.content.length ?? 0) + (task?.result?.length ?? 0);
  return bytes > readBytesAim ? Math.max(1, size >> 1) : Math.min(readTasksMax, size * 2);
}
