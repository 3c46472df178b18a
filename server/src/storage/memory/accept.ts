import { contentHashOf } from "../../model/content-hash.ts";
import { quotaBytes } from "../../model/continuation.ts";
import { waitingUntil } from "../../model/deadline.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { AcceptBatch, AcceptVerdict } from "../../ports/task-store.ts";
import { createJudge, type Judge } from "../judge.ts";
import { holderOf, meetHolder, refusalToDebounce, replaceHolder, takeKey } from "./claims.ts";
import { hashOf } from "./entry.ts";
import { dueAt, ring } from "./gates.ts";
import { entryOf } from "./new-entry.ts";
import { cancelIfRevoked } from "./revoke.ts";
import { enterQueue, promisedQueue, queueAt, queueRoom, spaceRoom } from "./rooms.ts";
import type { Space } from "./space.ts";
import { insert, type State, spaceOf } from "./state.ts";
import { turnOf } from "./turns.ts";

/** Stores new tasks one after the other; an atomic batch only when nothing of it is refused. */
export function accept(
  state: State,
  { tasks, now, atomic }: AcceptBatch,
  enter: Enter = enterQueue,
): readonly AcceptVerdict[] {
  const refusal = atomic ? judgeFor(state, now)(tasks) : undefined;
  if (refusal !== undefined) return refusal;
  const verdicts = tasks.map((task) => acceptOne(state, task, now, enter));
  for (const task of tasks) cancelIfRevoked(state, task, now);
  return verdicts;
}

/** Answers the queue that a task goes into, or why it may not. */
type Enter = typeof enterQueue;

/**
 * Takes in a task that an end has made. That was promised when the one that ended was accepted: no quota, bound or closed queue is in its
 * way. False: it was not made, for it is there already, or its id or its key is another's.
 */
export function acceptPromised(state: State, task: NewTask, now: Instant): boolean {
  const space = spaceOf(state, task.namespace);
  const [verdict] = accept(state, { tasks: [task], now, atomic: false }, promisedQueue);
  const entry = space.tasks.get(task.id);
  if (entry?.head.state === "ready") ring(state.gates, task, entry.queue, 1);
  if (entry?.head.notBefore !== undefined) dueAt(state.gates, entry.head.notBefore);
  return isStored(verdict);
}

/** Whether a task is there now that was not: also in the place of one that had its key. */
export const isStored = (verdict: AcceptVerdict | undefined): boolean =>
  verdict === "accepted" ||
  (typeof verdict === "object" && "unique" in verdict && verdict.unique === "replaced");

function acceptOne(state: State, task: NewTask, now: Instant, enter: Enter): AcceptVerdict {
  const space = spaceOf(state, task.namespace);
  const known = knownHash(space, task);
  if (known !== undefined) return known === contentHashOf(task) ? "duplicate" : "exists";
  return task.unique === undefined ? store(state, task, now, enter) : acceptUnique(state, task, now, enter);
}

function acceptUnique(state: State, task: NewTask, now: Instant, enter: Enter): AcceptVerdict {
  const { unique } = task;
  if (unique === undefined) throw new Error("the task claims no key");
  const space = spaceOf(state, task.namespace);
  const claim = holderOf(space, unique.key, now);
  const isAsked = claim !== undefined && enter !== promisedQueue;
  const refusal = isAsked ? refusalToDebounce(state, { ...task, unique }, claim) : undefined;
  const verdict = refusal ?? (claim && meetHolder(state, { ...task, unique }, claim, now));
  if (verdict !== undefined) return verdict;
  const stored = store(state, task, now, enter);
  const entry = space.tasks.get(task.id);
  if (stored !== "accepted" || entry === undefined) return stored;
  const replaced = claim && replaceHolder(state, claim, now);
  takeKey(space, entry, unique, now);
  return replaced ?? stored;
}

function store(state: State, task: NewTask, now: Instant, enter: Enter): AcceptVerdict {
  const space = spaceOf(state, task.namespace);
  const wanted = { name: task.queue, bytes: quotaBytes(task), now };
  const queue = enter(state, space, wanted);
  if ("refused" in queue) return queue;
  const turn = turnOf(queue, task.ties?.fairnessKey);
  const entry = { ...entryOf(state, task, queue, now), turn };
  insert(state, space, entry);
  const waitUntil = waitingUntil(entry.head, entry.head.state === "ready" ? "ready" : "scheduled", now);
  if (waitUntil !== undefined) state.waitUntil.set(entry, waitUntil);
  state.log.note(entry.head, "accepted", now);
  return "accepted";
}

function judgeFor(state: State, now: Instant): Judge {
  return createJudge({
    hashOf: (ref) => knownHash(spaceOf(state, ref.namespace), ref),
    spaceRoom: (namespace) => spaceRoom(state, spaceOf(state, namespace)),
    queueRoom({ namespace, queue }) {
      const found = queueAt(spaceOf(state, namespace), queue);
      return found && queueRoom(found);
    },
    holderOf(namespace, key) {
      const claim = holderOf(state.spaces.get(namespace), key, now);
      if (claim === undefined) return undefined;
      const { head, countedBytes } = claim.holder;
      return { id: head.id, head, bytes: countedBytes };
    },
  });
}

function knownHash(space: Space, { id }: Pick<NewTask, "id">): string | undefined {
  const entry = space.tasks.get(id);
  return entry ? hashOf(entry) : space.tombstones.get(id)?.contentHash;
}
