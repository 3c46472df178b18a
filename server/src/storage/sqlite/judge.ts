import { contentHashOf } from "../../model/content-hash.ts";
import type { NewTask } from "../../model/task.ts";
import type { AcceptVerdict } from "../../ports/task-store.ts";
import type { FindHash } from "./find.ts";
import type { Writing } from "./writing.ts";

/** Says what an atomic batch gets when it is refused; undefined when all of it can be stored. Writes nothing. */
export type Judge = (tasks: readonly NewTask[]) => readonly AcceptVerdict[] | undefined;

/** What the batch would have brought so far. */
type Arrivals = { readonly tasks: Map<string, NewTask>; readonly queues: Map<string, Set<string>> };

/** Makes the judge of atomic batches: it goes through one as accept would, so that nothing has to be taken back. */
export function createJudge(writing: Writing, findHash: FindHash): Judge {
  const { queues, limits } = writing;

  function judgeOne(task: NewTask, arrivals: Arrivals): AcceptVerdict {
    const stored = findHash(task);
    if (stored !== undefined) return stored === contentHashOf(task) ? "duplicate" : "exists";
    const place = JSON.stringify([task.namespace, task.id]);
    const arrived = arrivals.tasks.get(place);
    if (arrived !== undefined) return contentHashOf(arrived) === contentHashOf(task) ? "withheld" : "exists";
    if (!hasRoom(task, arrivals)) return "queue_limit";
    arrivals.tasks.set(place, task);
    return "withheld";
  }

  /** Whether the task's queue is there, or could be made. */
  function hasRoom({ namespace, queue }: NewTask, arrivals: Arrivals): boolean {
    if (queues.find(namespace, queue) !== undefined) return true;
    const made = arrivals.queues.get(namespace) ?? new Set();
    if (!made.has(queue) && queues.count(namespace) + made.size >= limits.queuesPerNamespaceMax) return false;
    arrivals.queues.set(namespace, made.add(queue));
    return true;
  }

  return (tasks) => {
    const arrivals: Arrivals = { tasks: new Map(), queues: new Map() };
    const verdicts = tasks.map((task) => judgeOne(task, arrivals));
    return verdicts.some((verdict) => verdict === "exists" || verdict === "queue_limit")
      ? verdicts
      : undefined;
  };
}
