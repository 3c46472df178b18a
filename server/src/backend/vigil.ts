import type { Namespace, TaskId } from "../model/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { TaskProgress } from "../ports/task-hints.ts";
import type { Waiter, Waiters } from "./waiters.ts";

/** One wait: what came in for it, and when to look. */
export type Vigil = {
  readonly waiter: Waiter;
  /** True at first, and once a second: everything is to be read again. */
  takeReread(): boolean;
  /** The tasks that are said to have changed since it was last asked. */
  takeChanged(): readonly TaskId[];
  /** What attempts reported since it was last asked. */
  takeReported(): ReadonlyMap<TaskId, TaskProgress>;
  /** Sleeps until there is something to look at, or the wait is over. */
  sleep(): Promise<void>;
  /** Its time is up, or nobody waits any more. */
  isOver(): boolean;
  /** Lets go of everything. */
  end(): void;
};

/** What is waited for, and how long. */
export type VigilRequest = {
  readonly namespace: Namespace;
  readonly tasks: readonly { readonly id: TaskId; readonly seenRevision: number }[];
  readonly timeoutMs: number;
};

/** How long a lost hint can go unnoticed. */
const rereadMs = 1000;

/** Begins to wait. */
export function createVigil(
  { clock, waiters }: { readonly clock: Clock; readonly waiters: Waiters },
  { namespace, tasks, timeoutMs }: VigilRequest,
  signal: AbortSignal,
): Vigil {
  const deadline = clock.now() + timeoutMs;
  let isRereadDue = true;
  let awake = Promise.withResolvers<void>();
  const wake = (): void => awake.resolve();
  const waiter: Waiter = {
    namespace,
    open: new Map(tasks.map(({ id, seenRevision }) => [id, seenRevision])),
    changed: new Set(),
    reported: new Map(),
    wake,
    lookAgain() {
      isRereadDue = true;
      wake();
    },
  };

  function rereadLater(): () => void {
    return clock.after(rereadMs, () => {
      isRereadDue = true;
      cancelReread = rereadLater();
      wake();
    });
  }

  waiters.add(waiter);
  signal.addEventListener("abort", wake);
  const cancelTimeout = clock.after(timeoutMs, wake);
  let cancelReread = rereadLater();

  return {
    waiter,
    takeReread() {
      const isDue = isRereadDue;
      isRereadDue = false;
      return isDue;
    },
    takeChanged() {
      const { changed } = waiter;
      waiter.changed = new Set();
      return [...changed];
    },
    takeReported() {
      const { reported } = waiter;
      waiter.reported = new Map();
      return reported;
    },
    async sleep() {
      // What came in while nobody slept woke the same promise, so it is not missed.
      if (!signal.aborted && clock.now() < deadline) await awake.promise;
      awake = Promise.withResolvers();
    },
    isOver: () => signal.aborted || clock.now() >= deadline,
    end() {
      waiters.remove(waiter);
      signal.removeEventListener("abort", wake);
      cancelTimeout();
      cancelReread();
    },
  };
}
