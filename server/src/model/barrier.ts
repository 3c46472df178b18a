/**
 * What the end of a task or of a barrier means in its canvas, as pure decisions. A store tells it in rounds: it hands in what has ended,
 * writes what comes out, and comes back with the barriers that ended by it, all in the transaction of the first end.
 */

import { digestOf } from "../lib/digest.ts";
import type {
  Barrier,
  BarrierEnd,
  BarrierHead,
  Cause,
  KeptMember,
  Member,
  NewBarrier,
  Part,
  PartTask,
} from "./canvas.ts";
import { unmadeAs } from "./canvas-records.ts";
import { childrenOf, type EndedTask, madeAt } from "./continuation.ts";
import {
  type BarrierId,
  type Instant,
  type Namespace,
  plus,
  type TaskId,
  taskIdOf,
  taskNameOf,
} from "./ids.ts";
import type { Place } from "./place.ts";
import type { Lineage, Link, NewTask, TaskInput, TerminalState } from "./task.ts";

export type { KeptMember } from "./canvas.ts";
export { heldUntil, rememberedAs } from "./canvas-records.ts";
export { addedBy, growthAt } from "./growth.ts";

/** Something of a canvas that has ended. */
export type NodeEnd = {
  readonly namespace: Namespace;
  readonly place: Place | undefined;
  /** "attempted": it goes on, and its first attempt has ended. */
  readonly on: TerminalState | "attempted";
  /** Somebody asked to cancel it: its success starts nothing. */
  readonly isLast: boolean;
  readonly source: Member["source"];
  /** What its success starts; undefined: nothing. */
  readonly next: Part | undefined;
  /** What those are handed that its success starts, all but the last word. */
  readonly left: Left;
  /** What the tasks that it starts descend from. */
  readonly lineage: Lineage;
  /** Why it did not succeed. */
  readonly cause: Cause | undefined;
  /** What it makes besides, whatever becomes of its canvas. */
  readonly besides: readonly NewTask[];
};

/** What an end leaves to those that follow it. */
export type Left = Omit<TaskInput, "isHanded" | "member">;

/** What a round has made of ends. */
export type Round = {
  readonly tasks: readonly NewTask[];
  readonly barriers: readonly Barrier[];
  /** The members that have ended, to be kept. */
  readonly members: readonly KeptMember[];
  /** Barriers that were there, as they are now. */
  readonly changed: readonly Barrier[];
  /** Those that have ended now: the next round is about them. */
  readonly ended: readonly Barrier[];
};

/** The members that ends are, before anything counts: a store keeps them, and counts those whose index was not there. */
export const membersOf = (ends: readonly NodeEnd[]): readonly KeptMember[] =>
  ends.flatMap(({ place, on, isLast, source }) => {
    if (place === undefined || on === "attempted") return [];
    // What it would have started does not come, and cannot be that member.
    const state = on === "succeeded" && isLast && place.reports === "unsuccessful" ? "cancelled" : on;
    if (state === "succeeded" && place.reports === "unsuccessful") return [];
    return [{ barrier: place.barrier, index: place.index, state, source }];
  });

/**
 * What ends mean. `barriers` has those that the ends are under, where they are there; `isNew` tells whether a member was kept now. Calls
 * it for each member of `membersOf`, once.
 */
export function advance(
  ends: readonly NodeEnd[],
  barriers: ReadonlyMap<BarrierId, Barrier>,
  isNew: (member: KeptMember) => boolean,
  now: Instant,
): Round {
  const known = new Map(barriers);
  const changed = new Set<BarrierId>();
  const started: Started[] = [];
  const members: KeptMember[] = [];
  const ended: Barrier[] = [];
  function change(barrier: Barrier, to: Barrier): void {
    known.set(barrier.id, to);
    changed.add(barrier.id);
    if (barrier.state === "open" && to.state !== "open") ended.push(to);
    if (barrier.attempted !== to.attempted && isAttempted(to)) started.push(called(to, "attempted", now));
  }
  const besides: NewTask[] = [];
  for (const end of ends) {
    besides.push(...end.besides);
    const above = end.place && known.get(end.place.barrier);
    if (end.place !== undefined && above === undefined) continue;
    const isOpen = above === undefined || above.state === "open";
    if (end.next !== undefined && end.on === "succeeded" && !end.isLast && isOpen)
      started.push(startedBy(end.next, end, now));
    if (above === undefined) continue;
    if (end.on === "attempted") change(above, { ...above, attempted: above.attempted + 1 });
    for (const member of membersOf([end]))
      if (isNew(member)) {
        members.push(member);
        const counting = known.get(member.barrier) ?? above;
        change(counting, counted(counting, { member, end, now }));
      }
  }
  const made = started.flatMap(({ barriers: fresh }) => fresh);
  return {
    tasks: [...started.flatMap(({ tasks }) => tasks), ...besides],
    barriers: made,
    members,
    changed: [...changed].flatMap((id) => known.get(id) ?? []),
    ended: [...ended, ...made.filter(({ state }) => state !== "open")],
  };
}

/** A task that has ended, or whose first attempt has, with what a store keeps of it. */
export type EndedMember = Omit<EndedTask, "on" | "rootId"> & {
  readonly on: NodeEnd["on"];
  readonly isLast: boolean;
  readonly lineage: Lineage | undefined;
  readonly place: Place | undefined;
  readonly next: Part | undefined;
  readonly links: readonly Link[];
};

/** What the end of a task is to its canvas, where it is in one, and what it makes besides. */
export function endOfTask(task: EndedMember, now: Instant): NodeEnd {
  const { namespace, place, on, isLast, id, name, next, links, reason, attempt, data, lineage } = task;
  const rootId = lineage?.rootId ?? id;
  const linked = on === "succeeded" || on === "failed" ? on : undefined;
  return {
    ...{ namespace, place, on, isLast, next, source: { kind: "task", id } },
    left: { from: id, fromName: name, rootId, on: linked ?? "failed", data, reason, attempt },
    lineage: { parentId: id, rootId },
    cause: causeOf(task),
    besides:
      linked === undefined || isLast
        ? []
        : childrenOf(links, { namespace, id, name, rootId, on: linked, reason, attempt, data }, now),
  };
}

/** Why a task did not succeed, or did, and starts nothing because somebody wanted no more of it. */
function causeOf({ on, isLast, reason, id, name, attempt, data }: EndedMember): Cause | undefined {
  if (on === "attempted" || (on === "succeeded" && !isLast)) return undefined;
  return on === "succeeded"
    ? { state: "cancelled", reason: "cancel_requested", task: id, name, attempt, failure: undefined }
    : { state: on, reason, task: id, name, attempt, failure: data };
}

/** A barrier that has ended, as what is above it sees it; `next` is the part that it starts. */
export const endOf = (barrier: Barrier, next: Part | undefined, now: Instant): NodeEnd => ({
  namespace: barrier.namespace,
  place: barrier.place,
  on: barrier.state === "open" ? "attempted" : barrier.state,
  isLast: false,
  source: { kind: "barrier", id: barrier.id },
  next,
  left: leftBy(barrier),
  lineage: barrier.lineage,
  cause: barrier.cause,
  besides: callbacksOf(barrier, now),
});

/** The end of a task that could not be made: its id or its key is another's. */
export const notMade = ({ namespace, id, name, place, lineage }: NewTask): NodeEnd => ({
  ...{
    namespace,
    place,
    on: "failed",
    isLast: true,
    source: { kind: "task", id: unmadeAs(id) },
    next: undefined,
    besides: [],
  },
  left: {
    ...{ from: id, fromName: name, rootId: lineage?.rootId ?? id, on: "failed", data: undefined },
    ...{ reason: undefined, attempt: 0 },
  },
  lineage: lineage ?? { parentId: undefined, rootId: id },
  cause: { state: "failed", reason: "not_made", task: id, name, attempt: 0, failure: undefined },
});

/**
 * The callbacks of a barrier that has ended; also those for first attempts, where it was not the end of one that completed them: it has no
 * members, or was sealed last. What was made before is not made again.
 */
function callbacksOf(barrier: Barrier, now: Instant): readonly NewTask[] {
  if (barrier.state !== "succeeded" && barrier.state !== "failed") return [];
  const ends: BarrierEnd[] = [barrier.state, "completed"];
  if (isAttempted(barrier)) ends.push("attempted");
  return ends.flatMap((on) => called(barrier, on, now).tasks);
}

type Started = { readonly tasks: readonly NewTask[]; readonly barriers: readonly Barrier[] };

/** A part that starts. */
export function startedBy(
  part: Part,
  { namespace, left, lineage, place }: Pick<NodeEnd, "namespace" | "left" | "lineage" | "place">,
  now: Instant,
): Started {
  const canvas = place?.canvas;
  return {
    tasks: part.tasks.map((task) => made(task, { namespace, left, lineage }, now)),
    barriers: part.barriers.map((barrier) =>
      opened(barrier, { namespace, lineage, canvas: barrier.place?.canvas ?? canvas, now }),
    ),
  };
}

/** What starts by itself. */
type AtOnce = Pick<Opening, "namespace" | "lineage" | "ended"> & { readonly place: Pick<Place, "canvas"> };

/** A part that starts by itself: nothing is before it that it could be handed, unless it says so. */
export function startedAtOnce(
  part: Part,
  { namespace, lineage, place: { canvas }, ended }: AtOnce,
  now: Instant,
): Started {
  return {
    tasks: part.tasks.map((task) => ({
      ...madeAt(task, now),
      ...{ namespace, id: task.id, lineage },
      ...{ replayOf: task.resumes?.replayOf, input: task.resumes?.input },
    })),
    barriers: part.barriers.map((barrier) => opened(barrier, { namespace, lineage, canvas, now, ended })),
  };
}

/** A barrier that has come into being. One without members that have not ended has ended already. */
export function opened(barrier: NewBarrier, opening: Opening): Barrier {
  const { namespace, lineage, canvas, now, facts } = opening;
  if (canvas === undefined) throw new Error("a barrier is in no canvas");
  const ended = opening.ended?.get(barrier.id) ?? 0;
  const open: Barrier = {
    ...barrier,
    ...{ namespace, canvas, lineage, createdAt: now, endedAt: undefined },
    ...{ state: "open", ended, unsuccessful: 0, attempted: ended, cause: undefined, hasRest: false },
    canvasFacts: facts,
  };
  return settled(open, now);
}

/** What is said of a barrier that comes into being. */
export type Opening = {
  readonly namespace: Namespace;
  readonly lineage: Lineage;
  readonly canvas: BarrierHead["canvas"] | undefined;
  readonly now: Instant;
  readonly facts?: BarrierHead["canvasFacts"];
  /** How many members of barriers have succeeded before: endedBefore. Of those that are not in it: none. */
  readonly ended?: ReadonlyMap<BarrierId, number> | undefined;
};

/** How many members each barrier has that have succeeded before it came into being. */
export function endedBefore(ended: readonly KeptMember[]): ReadonlyMap<BarrierId, number> {
  const counts = new Map<BarrierId, number>();
  for (const { barrier } of ended) counts.set(barrier, (counts.get(barrier) ?? 0) + 1);
  return counts;
}

/** A barrier with so many members more; sealed where it was, or where that is said. */
export const grown = (barrier: Barrier, by: number, now: Instant, isSealed = barrier.isSealed): Barrier =>
  settled({ ...barrier, size: barrier.size + by, isSealed }, now);

/** A barrier that is closed before its members have ended; what is under it is to be swept. */
export const closed = (
  barrier: Barrier,
  { state, cause }: { readonly state: "failed" | "cancelled"; readonly cause: Cause | undefined },
  now: Instant,
): Barrier =>
  barrier.state === "open" ? ends({ ...barrier, cause: barrier.cause ?? cause }, state, now) : barrier;

type Counting = { readonly member: KeptMember; readonly end: NodeEnd; readonly now: Instant };

/** A member that has ended counts, also in a barrier that has. */
function counted(barrier: Barrier, { member, end, now }: Counting): Barrier {
  const isGood = member.state === "succeeded";
  const isAgain = end.source.kind === "task" && end.place?.step === undefined && end.left.attempt > 1;
  const wasAttempted = isAgain || end.place?.isTried === true;
  const after = {
    ...barrier,
    ended: barrier.ended + 1,
    attempted: barrier.attempted + (wasAttempted ? 0 : 1),
    unsuccessful: barrier.unsuccessful + (isGood ? 0 : 1),
    // What happens after its end has not made it fail.
    cause: isGood || barrier.state !== "open" ? barrier.cause : (barrier.cause ?? end.cause),
  };
  if (barrier.state !== "open") return after;
  if (!isGood && barrier.onMemberFailure === "fail_fast") return ends(after, "failed", now);
  return settled(after, now);
}

/** Ends a barrier all of whose members have ended. */
function settled(barrier: Barrier, now: Instant): Barrier {
  const { state, isSealed, ended, size, unsuccessful, onMemberFailure } = barrier;
  if (state !== "open" || !isSealed || ended < size) return barrier;
  return ends(barrier, unsuccessful > 0 && onMemberFailure !== "carry_on" ? "failed" : "succeeded", now);
}

function ends(barrier: Barrier, state: "succeeded" | "failed" | "cancelled", now: Instant): Barrier {
  const { canvasFacts, ended, size, isSealed } = barrier;
  return {
    ...barrier,
    state,
    endedAt: now,
    hasRest: ended < size || !isSealed,
    canvasFacts: canvasFacts && { ...canvasFacts, purgeAt: plus(now, canvasFacts.retentionMs) },
  };
}

const isAttempted = ({ isSealed, attempted, size }: Barrier): boolean => isSealed && attempted === size;

/** The tasks that are made for an end of a barrier. */
function called(barrier: Barrier, on: BarrierEnd, now: Instant): Started {
  const { namespace, lineage, id } = barrier;
  const tasks = barrier.callbacks
    .filter((callback) => callback.on === on)
    .map((callback, place) => {
      const left = on === "failed" ? (failureLeft(barrier) ?? leftBy(barrier)) : leftBy(barrier);
      const hands = on === "attempted" ? undefined : callback.hands;
      const task = { ...callback, hands, id: callback.ownId ?? callbackId(namespace, id, on, place) };
      return made(task, { namespace, left, lineage }, now);
    });
  return { tasks, barriers: [] };
}

/** The id of a callback of a barrier: by its place among those for the same end. */
export const callbackId = (namespace: Namespace, barrier: BarrierId, on: BarrierEnd, place: number): TaskId =>
  taskIdOf(digestOf(["callback", namespace, barrier, on, String(place)]));

/** What a barrier leaves: the results of its members, which are read when somebody wants them. */
const leftBy = ({ id, lineage }: BarrierHead): Left => ({
  from: taskIdOf(id),
  fromName: taskNameOf(""),
  rootId: lineage.rootId,
  on: "succeeded",
  data: undefined,
  reason: undefined,
  attempt: 0,
  isBarrier: true,
});

/** What made it fail, for its error callbacks. */
function failureLeft({ cause, lineage }: BarrierHead): Left | undefined {
  if (cause?.task === undefined) return undefined;
  const { task, name, reason, attempt, failure } = cause;
  return {
    ...{
      from: task,
      fromName: name ?? taskNameOf(""),
      rootId: lineage.rootId,
      on: "failed",
      data: failure,
      attempt,
    },
    reason: reason === "deadline" || reason === "not_made" ? undefined : reason,
  };
}

type After = { readonly namespace: Namespace; readonly left: Left; readonly lineage: Lineage };

function made(task: PartTask, { namespace, left, lineage }: After, now: Instant): NewTask {
  const { id } = task;
  return { ...madeAt(task, now), namespace, id, replayOf: undefined, lineage, input: handed(task, left) };
}

/** What a task is handed of what is left to it. */
export const handed = ({ hands }: Pick<PartTask, "hands">, left: Left): TaskInput => ({
  ...left,
  isHanded: hands !== undefined,
  member: hands?.member,
  data: hands && left.data,
});
