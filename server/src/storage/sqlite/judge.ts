import type { NewTask } from "../../model/task.ts";
import type { AcceptVerdict } from "../../ports/task-store.ts";
import type { FindHash } from "./find.ts";
import type { Writing } from "./writing.ts";

/** Says what an atomic batch gets when it is refused; undefined when all of it can be stored. Writes nothing. */
export type Judge = (tasks: readonly NewTask[]) => readonly AcceptVerdict[] | undefined;

/** What the batch would have brought so far. */
type Arrivals = { readonly hashes: Map<string, string>; readonly queues: Map<string, Set<string>> };

/** Makes the judge of atomic batches: it goes through one as accept would, so that nothing has to be taken back. */
export function createJudge(writing: Writing, findHash: FindHash): Judge {
  const { queues, limits } = writing;

  function judgeOne(task: NewTask, arrivals: Arrivals): AcceptVerdict {
    const stored = findHash(task);
    if (stored !== undefined) return isSame(stored, task) ? "duplicate" : "exists";
    const place = JSON.stringify([task.namespace, task.id]);
    const arrived = arrivals.hashes.get(place);
    if (arrived !== undefined) return isSame(arrived, task) ? "withheld" : "exists";
    if (!hasRoom(task, arrivals)) return "queue_limit";
    arrivals.hashes.set(place, task.contentHash);
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
    const arrivals: Arrivals = { hashes: new Map(), queues: new Map() };
    const verdicts = tasks.map((task) => judgeOne(task, arrivals));
    return verdicts.some((verdict) => verdict === "exists" || verdict === "queue_limit")
      ? verdicts
      : undefined;
  };
}

const isSame = (hash: string, task: NewTask): boolean => hash === task.contentHash;
