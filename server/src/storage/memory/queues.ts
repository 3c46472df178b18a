import type { Refusal } from "../../model/admission.ts";
import type { Instant, Namespace, QueueName, QueueRef } from "../../model/ids.ts";
import { stopOf } from "../../model/namespace.ts";
import type { PriorityCounts } from "../../model/priority-depth.ts";
import type { Queue, QueuePause } from "../../model/queue.ts";
import type { Entry, QueueEntry } from "./entry.ts";
import { openQueue, queueAt } from "./rooms.ts";
import { readyIn, type State, spaceOf } from "./state.ts";

/** Queues of a namespace by name, after `after`. */
export function listQueues(
  state: State,
  namespace: Namespace,
  after: QueueName | undefined,
  limit: number,
): readonly Queue[] {
  const space = state.spaces.get(namespace);
  const names = [...(space?.queues.keys() ?? [])].sort();
  return names
    .filter((name) => (after === undefined || name > after) && queueAt(space, name) !== undefined)
    .slice(0, limit)
    .flatMap((queue) => getQueue(state, { namespace, queue }) ?? []);
}

/** One queue; undefined where there is none. */
export function getQueue(state: State, ref: QueueRef): Queue | undefined {
  const queue = findQueue(state, ref);
  if (queue === undefined) return undefined;
  const { name, createdAt, settings, revision, life, pause, depth } = queue;
  return {
    namespace: ref.namespace,
    name,
    createdAt,
    settings,
    revision,
    isDeleting: life === "deleting",
    pause,
    depth: { ...depth },
    oldestReadyAt: oldestReadyAt(state, queue),
  };
}

/** How many ready tasks have which priority; all of them are counted here as they come and go. */
export function readPriorities(state: State, ref: QueueRef): PriorityCounts {
  const { depth, priorities } = findQueue(state, ref) ?? {};
  const counts = [...(priorities ?? [])]
    .filter(([, ready]) => ready > 0)
    .sort(([a], [b]) => b - a)
    .map(([priority, ready]) => ({ priority, ready, isMore: false }));
  return { ready: depth?.ready ?? 0, counts };
}

/** How many tasks are ready in each queue that hands out. */
export const readyCounts = (
  state: State,
  namespace: Namespace,
  queues: readonly QueueName[],
): readonly number[] => {
  const isActive = stopOf(state.spaces.get(namespace)?.record) === undefined;
  return queues.map((queue) => {
    const found = findQueue(state, { namespace, queue });
    return found?.life === "there" && found.pause === undefined && isActive ? found.depth.ready : 0;
  });
};

/** Pauses or resumes a queue. */
export function setPause(
  state: State,
  ref: QueueRef,
  pause: QueuePause | undefined,
  now: Instant,
): "done" | Refusal {
  if (pause === undefined && findQueue(state, ref) === undefined) return "done";
  const queue = openQueue(state, spaceOf(state, ref.namespace), ref.queue, now);
  if ("refused" in queue) return queue;
  queue.pause = pause;
  return "done";
}

/** The queue's entry; undefined where there is none. */
export const findQueue = (state: State, ref: QueueRef): QueueEntry | undefined =>
  queueAt(state.spaces.get(ref.namespace), ref.queue);

function oldestReadyAt(state: State, queue: QueueEntry): Instant | undefined {
  let first: Entry | undefined;
  for (const entry of readyIn(state, queue)) if (first === undefined || entry.seq < first.seq) first = entry;
  return first?.head.createdAt;
}

/** Paused queues that go on by themselves by now. */
export function duePauses(state: State, now: Instant, limit: number): readonly QueueRef[] {
  const due: { readonly ref: QueueRef; readonly at: Instant }[] = [];
  for (const [namespace, { queues }] of state.spaces)
    for (const { name, pause } of queues.values())
      if (pause?.resumeAt !== undefined && pause.resumeAt <= now)
        due.push({ ref: { namespace, queue: name }, at: pause.resumeAt });
  return due
    .sort((a, b) => a.at - b.at)
    .slice(0, limit)
    .map(({ ref }) => ref);
}

/** Resumes those whose pause is over. */
export const endPauses = (state: State, refs: readonly QueueRef[], now: Instant): readonly QueueRef[] =>
  refs.filter((ref) => {
    const queue = findQueue(state, ref);
    if (queue?.pause?.resumeAt === undefined || queue.pause.resumeAt > now) return false;
    queue.pause = undefined;
    return true;
  });
