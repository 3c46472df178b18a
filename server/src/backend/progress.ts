import type { Namespace, TaskId, TaskRef } from "../model/ids.ts";
import type { TaskProgress } from "../ports/task-hints.ts";

/** How much of it is kept at most: beyond, what was reported longest ago is forgotten first. */
export type ProgressBounds = { readonly tasksMax: number; readonly bytesMax: number };

/** What running attempts last reported. In memory, and only while they run. */
export type ProgressBoard = {
  /** The last report of a task's running attempt. */
  get(ref: TaskRef): TaskProgress | undefined;
  put(ref: TaskRef, progress: TaskProgress): void;
  /** Forgets what ended attempts had reported. */
  drop(refs: readonly TaskRef[]): void;
};

/** 10,000 tasks and 64 MiB: more than people look at. */
const roomy: ProgressBounds = { tasksMax: 10_000, bytesMax: 64 * 1024 * 1024 };

/** Makes an empty board. */
export function createProgressBoard({ tasksMax, bytesMax }: ProgressBounds = roomy): ProgressBoard {
  const reports = new Map<string, TaskProgress>();
  let bytes = 0;

  function drop(key: string): void {
    const report = reports.get(key);
    if (report === undefined) return;
    reports.delete(key);
    bytes -= bytesOf(report);
  }

  return {
    get: ({ namespace, id }) => reports.get(keyOf(namespace, id)),
    put({ namespace, id }, progress) {
      const key = keyOf(namespace, id);
      // Dropped first: a map is in the order of entry, and the newest report goes last.
      drop(key);
      reports.set(key, progress);
      bytes += bytesOf(progress);
      while (reports.size > tasksMax || (bytes > bytesMax && reports.size > 0)) {
        const [oldest] = reports.keys();
        if (oldest === undefined) return;
        drop(oldest);
      }
    },
    drop(refs) {
      if (reports.size === 0) return;
      for (const { namespace, id } of refs) drop(keyOf(namespace, id));
    },
  };
}

/** A namespace has no slash. */
const keyOf = (namespace: Namespace, id: TaskId): string => `${namespace}/${id}`;

const bytesOf = ({ message, data }: TaskProgress): number => 2 * message.length + (data?.length ?? 0);
