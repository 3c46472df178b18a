import { contentHashOf } from "../model/content-hash.ts";
import type { Namespace, TaskId, TaskRef } from "../model/ids.ts";
import type { NewTask } from "../model/task.ts";
import { decideConflict, type KeyHolder, type UniqueWish } from "../model/unique.ts";
import type { AcceptVerdict } from "../ports/task-store.ts";

/** What an atomic batch gets when it is refused; undefined when all of it can be stored. Writes nothing. */
export type Judge = (tasks: readonly NewTask[]) => readonly AcceptVerdict[] | undefined;

/** What is there before the batch. */
export type Present = {
  /** The hash of a task's content, of a removed one's too. */
  readonly hashOf: (ref: TaskRef) => string | undefined;
  readonly hasQueue: (task: NewTask) => boolean;
  readonly queueCount: (namespace: Namespace) => number;
  readonly queuesMax: number;
  /** Who has a key now; `head` undefined: its record is gone. */
  readonly holderOf: (namespace: Namespace, key: string) => Holder | undefined;
};

/** Who has a key. */
export type Holder = { readonly id: TaskId; readonly head: KeyHolder | undefined };

/** What the batch would have brought so far. */
type Arrivals = {
  readonly tasks: Map<string, NewTask>;
  readonly queues: Map<Namespace, Set<string>>;
  readonly keys: Map<string, Holder>;
};

/** Makes the judge of atomic batches: it goes through one as accept would, so that nothing has to be taken back. */
export function createJudge(present: Present): Judge {
  function judgeOne(task: NewTask, arrivals: Arrivals): AcceptVerdict {
    const stored = present.hashOf(task);
    if (stored !== undefined) return stored === contentHashOf(task) ? "duplicate" : "exists";
    const place = JSON.stringify([task.namespace, task.id]);
    const arrived = arrivals.tasks.get(place);
    if (arrived !== undefined) return contentHashOf(arrived) === contentHashOf(task) ? "withheld" : "exists";
    const conflict = task.unique && meet(task, task.unique, arrivals);
    if (conflict !== undefined) return conflict;
    if (!hasRoom(task, arrivals)) return "queue_limit";
    arrivals.tasks.set(place, task);
    if (task.unique !== undefined) {
      const { id, name, queue, ties, namespace } = task;
      arrivals.keys.set(JSON.stringify([namespace, task.unique.key]), {
        id,
        head: { name, queue, ties, state: "ready", fence: undefined },
      });
    }
    return "withheld";
  }

  /** What a task gets whose key is taken; undefined: it would be stored. */
  function meet(task: NewTask, unique: UniqueWish, { keys }: Arrivals): AcceptVerdict | undefined {
    const { namespace } = task;
    const holder =
      keys.get(JSON.stringify([namespace, unique.key])) ?? present.holderOf(namespace, unique.key);
    if (holder === undefined) return undefined;
    const conflict = decideConflict(holder.head ?? { ...task, state: "succeeded", fence: undefined }, {
      ...task,
      unique,
    });
    if (conflict === "replace") return undefined;
    return conflict === "taken" ? { unique: "taken", holder: holder.id } : "withheld";
  }

  /** Whether the task's queue is there, or could be made. */
  function hasRoom(task: NewTask, arrivals: Arrivals): boolean {
    if (present.hasQueue(task)) return true;
    const { namespace, queue } = task;
    const made = arrivals.queues.get(namespace) ?? new Set();
    if (!made.has(queue) && present.queueCount(namespace) + made.size >= present.queuesMax) return false;
    arrivals.queues.set(namespace, made.add(queue));
    return true;
  }

  return (tasks) => {
    const arrivals: Arrivals = { tasks: new Map(), queues: new Map(), keys: new Map() };
    const verdicts = tasks.map((task) => judgeOne(task, arrivals));
    return verdicts.some(isRefusal) ? verdicts : undefined;
  };
}

const isRefusal = (verdict: AcceptVerdict): boolean =>
  verdict === "exists" ||
  verdict === "queue_limit" ||
  (typeof verdict === "object" && verdict.unique === "taken");
