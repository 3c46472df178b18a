import { contentHashOf } from "../../model/content-hash.ts";
import { waitingUntil } from "../../model/deadline.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask, TaskHead } from "../../model/task.ts";
import type { AcceptBatch, AcceptVerdict } from "../../ports/task-store.ts";
import {
  type Entry,
  hashOf,
  insert,
  makeQueue,
  type QueueEntry,
  remove,
  type Space,
  type State,
  spaceOf,
} from "./state.ts";

/** What a batch has brought in so far, so that it can be taken back. */
type Arrivals = { readonly entries: Entry[]; readonly queues: { space: Space; queue: QueueEntry }[] };

/** Stores new tasks one after the other; takes all back when the batch is atomic and one of it is refused. */
export function accept(state: State, batch: AcceptBatch): readonly AcceptVerdict[] {
  const arrivals: Arrivals = { entries: [], queues: [] };
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
  const entry = entryOf(state, task, queue, now);
  insert(state, space, entry);
  const waitUntil = waitingUntil(entry.head, entry.head.state === "ready" ? "ready" : "scheduled", now);
  if (waitUntil !== undefined) state.waitUntil.set(entry, waitUntil);
  arrivals.entries.push(entry);
  return "accepted";
}

function takeBack(state: State, { entries, queues }: Arrivals): void {
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
  return {
    seq: state.acceptSeq,
    queue,
    content: new Uint8Array(task.content),
    contentHash: task.contentHash,
    head: headOf(task, now),
    result: undefined,
    failure: undefined,
    checkpoint: undefined,
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
    lineage: task.lineage,
  };
}
