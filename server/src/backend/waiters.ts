import type { Namespace, TaskId, TaskRef } from "../model/ids.ts";
import type { TaskProgress } from "../ports/task-hints.ts";

/** Somebody who waits for tasks. What has come in for it is kept as the latest per task, so it is bounded by what it waits for. */
export type Waiter = {
  readonly namespace: Namespace;
  /** The tasks that have not ended yet, with the newest revision it has seen of each. */
  readonly open: Map<TaskId, number>;
  /** Tasks that changed since it last looked. */
  changed: Set<TaskId>;
  /** What attempts reported since it last looked. */
  reported: Map<TaskId, TaskProgress>;
  /** Ends its sleep. */
  wake: () => void;
  /** The same, and all that it waits for is to be read again. */
  lookAgain: () => void;
};

/** Who waits for what. */
export type Waiters = {
  add(waiter: Waiter): void;
  /** Takes a waiter off all the tasks it still waits for. */
  remove(waiter: Waiter): void;
  /** Takes a waiter off one task, which ended. */
  close(waiter: Waiter, id: TaskId): void;
  changed(refs: readonly TaskRef[]): void;
  /** Nobody has listed which. */
  manyChanged(namespace: Namespace): void;
  progressed(ref: TaskRef, progress: TaskProgress): void;
};

/** Makes an empty register of waiters. */
export function createWaiters(): Waiters {
  const spaces = new Map<Namespace, Map<TaskId, Set<Waiter>>>();

  function tasksOf(namespace: Namespace): Map<TaskId, Set<Waiter>> {
    const known = spaces.get(namespace);
    if (known !== undefined) return known;
    const tasks = new Map<TaskId, Set<Waiter>>();
    spaces.set(namespace, tasks);
    return tasks;
  }

  function unlist(waiter: Waiter, id: TaskId): void {
    const tasks = spaces.get(waiter.namespace);
    const some = tasks?.get(id);
    some?.delete(waiter);
    if (some?.size === 0) tasks?.delete(id);
    if (tasks?.size === 0) spaces.delete(waiter.namespace);
  }

  return {
    add(waiter) {
      const tasks = tasksOf(waiter.namespace);
      for (const id of waiter.open.keys()) {
        const some = tasks.get(id);
        if (some === undefined) tasks.set(id, new Set([waiter]));
        else some.add(waiter);
      }
    },
    remove(waiter) {
      for (const id of waiter.open.keys()) unlist(waiter, id);
    },
    close(waiter, id) {
      waiter.open.delete(id);
      unlist(waiter, id);
    },
    changed(refs) {
      if (spaces.size === 0) return;
      for (const { namespace, id } of refs) {
        for (const waiter of spaces.get(namespace)?.get(id) ?? []) {
          waiter.changed.add(id);
          waiter.wake();
        }
      }
    },
    manyChanged(namespace) {
      const waiting = new Set(
        spaces
          .get(namespace)
          ?.values()
          .flatMap((some) => some.values()),
      );
      for (const waiter of waiting) waiter.lookAgain();
    },
    progressed({ namespace, id }, progress) {
      for (const waiter of spaces.get(namespace)?.get(id) ?? []) {
        waiter.reported.set(id, progress);
        waiter.wake();
      }
    },
  };
}
