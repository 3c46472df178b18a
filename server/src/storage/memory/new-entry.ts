import { scoped } from "../../model/gate.ts";
import { stages } from "../../model/gatekeeper.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask, TaskHead } from "../../model/task.ts";
import type { Entry, QueueEntry } from "./entry.ts";
import { keptLinks } from "./kept-link.ts";
import type { State } from "./state.ts";

/** A task that has been stored; it waits, or is ready. */
export function entryOf(state: State, task: NewTask, queue: QueueEntry, now: Instant): Entry {
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
    countedBytes: 0,
    contentHash: task.contentHash,
    head: headOf(task, now),
    result: undefined,
    failure: undefined,
    claim: undefined,
    checkpoint: undefined,
    ...keptLinks(task),
    outcomeHash: undefined,
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
    lineage: task.lineage,
  };
}
