import { contentHashOf } from "../../model/content-hash.ts";
import { scoped } from "../../model/gate.ts";
import { stages } from "../../model/gatekeeper.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask, TaskHead } from "../../model/task.ts";
import type { AcceptBatch, AcceptVerdict } from "../../ports/task-store.ts";
import { type Entry, hashOf, type QueueEntry } from "./entry.ts";
import { insert, makeQueue, remove, type Space, type State, spaceOf } from "./state.ts";
import { turnOf } from "./turns.ts";

/** What a batch has brought in so far, so that it can be taken back. */
type Arrivals = {
  readonly entries: Entry[];
  readonly queues: { space: Space; queue: QueueEntry }[];
  /** Gives keys back the turns that they had before; undefined where nothing is taken back. */
  readonly undo: (() => void)[] | undefined;
};

/** Stores new tasks one after the other; takes all back when the batch is atomic and one of it is refused. */
export function accept(state: State, batch: AcceptBatch): readonly AcceptVerdict[] {
  const arrivals: Arrivals = { entries: [], queues: [], undo: batch.atomic ? [] : undefined };
  const verdicts = batch.tasks.map((task) => acceptOne(state, task, batch.now, arrivals));
  if (batch.atomic && verdicts.some(isRefusal)) {
    takeBack(state, arrivals);
    return verdicts.map((verdict, i) => afterTakingBack(state, batch.tasks[i], verdict));
  }
  for (const entry of arrivals.entries) state.log.note(entry.head, "accepted", batch.now);
  return verdicts;
}

function acceptOne(state: State, task: NewTask, now: Instant, arrivals: Arrivals): AcceptVerdict {
  const space = spaceOf(state, task.namespace);
  const known = knownHash(space, task);
  if (known !== undefined) return known === contentHashOf(task) ? "duplicate" : "exists";
  let queue = space.queues.get(task.queue);
  if (queue === undefined) {
    queue = makeQueue(state, space, task.queue, now);
    if (queue === undefined) return "queue_limit";
    arrivals.queues.push({ space, queue });
  }
  const turn = turnOf(queue, task.ties?.fairnessKey, arrivals.undo);
  const entry = { ...entryOf(state, task, queue, now), turn };
  insert(state, space, entry);
  arrivals.entries.push(entry);
  return "accepted";
}

function takeBack(state: State, { entries, queues, undo = [] }: Arrivals): void {
  for (const giveBack of undo.toReversed()) giveBack();
  for (const entry of entries) remove(state, spaceOf(state, entry.head.namespace), entry);
  for (const { space, queue } of queues) space.queues.delete(queue.name);
}

/** A duplicate of a task that was there before stays one; the duplicate of a task of the batch went with it. */
function afterTakingBack(state: State, task: NewTask | undefined, verdict: AcceptVerdict): AcceptVerdict {
  if (task === undefined || isRefusal(verdict)) return verdict;
  return knownHash(spaceOf(state, task.namespace), task) === undefined ? "withheld" : verdict;
}

const isRefusal = (verdict: AcceptVerdict): boolean => verdict === "exists" || verdict === "queue_limit";

function knownHash(space: Space, { id }: NewTask): string | undefined {
  const entry = space.tasks.get(id);
  return entry ? hashOf(entry) : space.tombstones.get(id)?.contentHash;
}

function entryOf(state: State, task: NewTask, queue: QueueEntry, now: Instant): Entry {
  state.acceptSeq += 1;
  const { namespace, name, priority, ties } = task;
  return {
    seq: state.acceptSeq,
    priority,
    turn: 0,
    limitName: scoped(namespace, name),
    orderingKey:
      ties?.orderingKey === undefined ? undefined : scoped(namespace, queue.name, ties.orderingKey),
    limitKey: ties?.limitKey === undefined ? undefined : scoped(namespace, ties.limitKey),
    held: stages.free,
    queue,
    content: new Uint8Array(task.content),
    contentHash: task.contentHash,
    head: headOf(task, now),
    result: undefined,
    failure: undefined,
    settledHash: undefined,
    place: -1,
  };
}

function headOf(task: NewTask, now: Instant): TaskHead {
  const isDelayed = task.notBefore !== undefined && task.notBefore > now;
  return {
    namespace: task.namespace,
    id: task.id,
    name: task.name,
    queue: task.queue,
    priority: task.priority,
    policy: task.policy,
    state: isDelayed ? "scheduled" : "ready",
    reason: isDelayed ? "delay" : undefined,
    revision: 1,
    attempt: 1,
    deliveries: 0,
    fence: undefined,
    worker: undefined,
    createdAt: now,
    notBefore: task.notBefore,
    startedAt: undefined,
    leaseUntil: undefined,
    endedAt: undefined,
    purgeAt: undefined,
    cancel: undefined,
    tags: task.tags,
    replayOf: task.replayOf,
    ties: task.ties,
    gate: undefined,
  };
}
