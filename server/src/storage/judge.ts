import {
  newQueue,
  type QueueRoom,
  type Refusal,
  refusalToEnter,
  refusalToMake,
  refusalToRewrite,
  type SpaceRoom,
} from "../model/admission.ts";
import { contentHashOf } from "../model/content-hash.ts";
import { quotaBytes } from "../model/continuation.ts";
import type { Namespace, QueueName, TaskId, TaskRef } from "../model/ids.ts";
import type { NewTask } from "../model/task.ts";
import { decideConflict, type KeyHolder, type UniqueWish } from "../model/unique.ts";
import type { AcceptVerdict } from "../ports/task-store.ts";

/** What an atomic batch gets when it is refused; undefined when all of it can be stored. Writes nothing. */
export type Judge = (tasks: readonly NewTask[]) => readonly AcceptVerdict[] | undefined;

/** What is there before the batch. */
export type Present = {
  /** The hash of a task's content, of a removed one's too. */
  readonly hashOf: (ref: TaskRef) => string | undefined;
  /** What may come in. */
  readonly spaceRoom: (namespace: Namespace) => SpaceRoom;
  /** Undefined where the task's queue is not there. */
  readonly queueRoom: (task: NewTask) => QueueRoom | undefined;
  /** Who has a key now; `head` undefined: its record is gone. */
  readonly holderOf: (namespace: Namespace, key: string) => Holder | undefined;
};

/** Who has a key, and how many bytes that counts. */
export type Holder = { readonly id: TaskId; readonly head: KeyHolder | undefined; readonly bytes: number };

/** What the batch would have brought so far. */
type Arrivals = {
  readonly tasks: Map<string, NewTask>;
  readonly spaces: Map<Namespace, SpaceArrivals>;
  readonly keys: Map<string, Holder>;
};

/** What would have come into one namespace, and how much of it into each queue. */
type SpaceArrivals = {
  /** The namespace before the batch. */
  readonly before: SpaceRoom;
  tasks: number;
  bytes: number;
  made: number;
  readonly queues: Map<QueueName, number>;
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
    const refusal = refusalOf(task, arrivals);
    if (refusal !== undefined) return refusal;
    arrivals.tasks.set(place, task);
    if (task.unique !== undefined) {
      const { id, name, queue, ties, policy, namespace } = task;
      arrivals.keys.set(JSON.stringify([namespace, task.unique.key]), {
        id,
        head: { name, queue, ties, policy, state: "ready", fence: undefined },
        bytes: quotaBytes(task),
      });
    }
    return "withheld";
  }

  /** What a task gets whose key is taken; undefined: it would be stored. */
  function meet(task: NewTask, unique: UniqueWish, arrivals: Arrivals): AcceptVerdict | undefined {
    const { namespace } = task;
    const { keys } = arrivals;
    const key = JSON.stringify([namespace, unique.key]);
    const holder = keys.get(key) ?? present.holderOf(namespace, unique.key);
    if (holder === undefined) return undefined;
    const conflict = decideConflict(holder.head ?? { ...task, state: "succeeded", fence: undefined }, {
      ...task,
      unique,
    });
    if (conflict === "replace") return undefined;
    if (conflict === "update") {
      const came = cameInto(namespace, arrivals);
      const bytes = quotaBytes(task);
      const queue = present.queueRoom(task);
      const refusal = queue && refusalToRewrite(roomIn(came), queue, bytes - holder.bytes);
      if (refusal !== undefined) return refusal;
      came.bytes += bytes - holder.bytes;
      keys.set(key, { ...holder, bytes });
    }
    return conflict === "taken" ? { unique: "taken", holder: holder.id } : "withheld";
  }

  /** Why a task may not come in after those that would have come before it; undefined: it may, and counts from now on. */
  function refusalOf(task: NewTask, arrivals: Arrivals): Refusal | undefined {
    const { namespace, queue: name } = task;
    const came = cameInto(namespace, arrivals);
    const space = roomIn(came);
    const queue = present.queueRoom(task);
    const own = came.queues.get(name);
    const isNew = queue === undefined && own === undefined;
    const made = isNew ? refusalToMake(space, name) : undefined;
    const { backlogTasks, ...room } = queue ?? newQueue;
    const arrival = { tasks: 1, bytes: quotaBytes(task) };
    const refusal =
      made ?? refusalToEnter(space, { ...room, backlogTasks: backlogTasks + (own ?? 0) }, arrival);
    if (refusal !== undefined) return refusal;
    came.tasks += 1;
    came.bytes += arrival.bytes;
    if (isNew) came.made += 1;
    came.queues.set(name, (own ?? 0) + 1);
    return undefined;
  }

  function cameInto(namespace: Namespace, { spaces }: Arrivals): SpaceArrivals {
    const came = spaces.get(namespace) ?? noneIn(present.spaceRoom(namespace));
    spaces.set(namespace, came);
    return came;
  }

  return (tasks) => {
    const arrivals: Arrivals = { tasks: new Map(), spaces: new Map(), keys: new Map() };
    const verdicts = tasks.map((task) => judgeOne(task, arrivals));
    return verdicts.some(isInTheWay) ? verdicts : undefined;
  };
}

const isInTheWay = (verdict: AcceptVerdict): boolean =>
  verdict === "exists" ||
  (typeof verdict === "object" && ("refused" in verdict || verdict.unique === "taken"));

const noneIn = (space: SpaceRoom): SpaceArrivals => ({
  before: { ...space },
  ...{ tasks: 0, bytes: 0, made: 0 },
  queues: new Map(),
});

const roomIn = ({ before, tasks, bytes, made }: SpaceArrivals): SpaceRoom => ({
  ...before,
  queues: before.queues + made,
  backlogTasks: before.backlogTasks + tasks,
  backlogBytes: before.backlogBytes + bytes,
});
