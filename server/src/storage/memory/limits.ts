import type { Refusal } from "../../model/admission.ts";
import {
  type GateLimit,
  isBounded,
  type LimitKind,
  type LimitRef,
  opensAt,
  pauseAt,
  scoped,
  withPause,
} from "../../model/gate.ts";
import { isTaskGate, type LimitedGate } from "../../model/gatekeeper.ts";
import { type Instant, type Namespace, type QueueRef, queueNameOf } from "../../model/ids.ts";
import type { Pause } from "../../model/pause.ts";
import type { GateRef, GateStatus, KeyWeight } from "../../ports/gate-store.ts";
import { keepLimit, limitAt, membersOf, queueCapacity, removeLimit, ring, wakeAt } from "./gates.ts";
import { openQueue } from "./rooms.ts";
import { type State, spaceOf } from "./state.ts";

/** Puts a limit, and holds back who may not be let through by it any more. */
export function putLimit(state: State, limit: GateLimit): "done" | "more" | "too_many" {
  const live = limitAt(state.gates, limit);
  if (live === undefined && isFull(state, limit)) return "too_many";
  const pause = live?.limit.pause;
  return become(state, { ...limit, ...(pause && { pause }) });
}

/** Pauses or resumes the tasks of a name or a key. */
export function setGatePause(
  state: State,
  ref: GateRef,
  pause: Pause | undefined,
  now: Instant,
): "done" | "more" | "too_many" {
  const live = limitAt(state.gates, ref);
  if (live === undefined && pause !== undefined && isFull(state, ref)) return "too_many";
  const next = withPause(ref, live?.limit, { pause, now });
  return next === undefined ? "done" : become(state, next);
}

/** Takes the bounds of a limit away, and lets through who waits at them. */
export function deleteLimit(state: State, ref: LimitRef, now: Instant): "done" | "more" | "unknown" {
  const limit = limitAt(state.gates, ref)?.limit;
  if (limit === undefined || (limit.pause !== undefined && !isBounded(limit))) return "unknown";
  return become(state, { ...limit, concurrency: undefined, rate: undefined, updatedAt: now });
}

/** One limit, and what it does now. */
export function getLimit(state: State, ref: LimitRef): GateStatus | undefined {
  const live = limitAt(state.gates, ref);
  if (live === undefined) return undefined;
  if (isTaskGate(ref.kind)) {
    const { leased, lines } = membersOf(state.gates, gateOfRef(ref, ref.kind));
    const waiting = lines.values().reduce((total, line) => total + line.waiting.size, 0);
    return { ...live.limit, leased: leased.size, waiting };
  }
  const depth = state.spaces.get(ref.namespace)?.queues.get(queueNameOf(ref.subject))?.depth;
  return { ...live.limit, leased: depth?.leased ?? 0, waiting: depth?.ready ?? 0 };
}

/** Limits of a namespace by kind and subject, after `after`. */
export const listLimits = (
  state: State,
  namespace: Namespace,
  after: LimitRef | undefined,
  limit: number,
): readonly GateLimit[] =>
  limitsOf(state, namespace)
    .filter((each) => after === undefined || byPlace(each, after) > 0)
    .sort(byPlace)
    .slice(0, limit);

/** Lets through whom rates allow, and tells when the next one may come. */
export function openGates(state: State, now: Instant): Instant | undefined {
  const { gates } = state;
  for (const live of gates.limits.values()) {
    const { limit } = live;
    if (limit.pause !== undefined && pauseAt(limit, now) === undefined) endPause(state, limit, now);
    if (limit.rate === undefined) continue;
    if (isTaskGate(limit.kind)) gates.keeper.touchGate(gateOfRef(limit, limit.kind));
    else if (!ringQueue(state, limit, now)) {
      const at = opensAt(live, now);
      if (at !== undefined) wakeAt(gates, at);
    }
  }
  if (gates.keeper.tend(now)) wakeAt(gates, now);
  return gates.wakeAt;
}

/** Sets how often a fairness key of a queue comes. */
export function putWeight(
  state: State,
  { namespace, queue: name }: QueueRef,
  { key, weight }: KeyWeight,
  now: Instant,
): "done" | Refusal {
  const queue = openQueue(state, spaceOf(state, namespace), name, now);
  if ("refused" in queue) return queue;
  queue.turns.set(key, { last: queue.turns.get(key)?.last ?? 0, weight });
  return "done";
}

/** The weights of a queue other than 1, by key. */
export function listWeights(
  { spaces }: State,
  { namespace, queue }: QueueRef,
  after: string | undefined,
  limit: number,
): readonly KeyWeight[] {
  const turns = spaces.get(namespace)?.queues.get(queue)?.turns ?? new Map();
  return [...turns]
    .map(([key, { weight }]): KeyWeight => ({ key, weight }))
    .filter(({ key, weight }) => weight !== 1 && (after === undefined || key > after))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, limit);
}

/** Writes a limit, lets through and holds back who is concerned, and forgets it when it says nothing any more. */
function become(state: State, limit: GateLimit): "done" | "more" {
  keepLimit(state.gates, limit);
  if (settleGate(state, limit, limit.updatedAt) === "more") return "more";
  if (!isBounded(limit) && limit.pause === undefined) removeLimit(state.gates, limit);
  return "done";
}

/** A pause is over by itself. What is left to do at its gate is done with the next verb. */
function endPause(state: State, limit: GateLimit, now: Instant): void {
  const next = withPause(limit, limit, { pause: undefined, now });
  if (next !== undefined && become(state, next) === "more") wakeAt(state.gates, now);
}

const isFull = (state: State, { namespace }: LimitRef): boolean =>
  limitsOf(state, namespace).length >= state.limits.gateLimitsPerNamespaceMax;

function settleGate(state: State, ref: LimitRef, now: Instant): "done" | "more" {
  const { gates } = state;
  if (!isTaskGate(ref.kind)) {
    ringQueue(state, ref, now);
    return "done";
  }
  gates.keeper.touchGate(gateOfRef(ref, ref.kind));
  return gates.keeper.tend(now) ? "more" : "done";
}

/** Tells who waits for a queue whether it may be claimed from; false: not now, though there is something in it. */
function ringQueue(state: State, ref: LimitRef, now: Instant): boolean {
  const queue = state.spaces.get(ref.namespace)?.queues.get(queueNameOf(ref.subject));
  if (queue === undefined || queue.depth.ready === 0) return true;
  const room = Math.min(queue.depth.ready, queueCapacity(state.gates, ref, queue.depth.leased, now));
  if (room > 0) ring(state.gates, ref, queue, room);
  return room > 0;
}

const limitsOf = ({ gates }: State, namespace: Namespace): GateLimit[] =>
  [...gates.limits.values()].flatMap(({ limit }) => (limit.namespace === namespace ? limit : []));

const gateOfRef = ({ namespace, subject }: LimitRef, kind: LimitedGate["kind"]): LimitedGate => ({
  kind,
  text: scoped(namespace, subject),
});

const places: Readonly<Record<LimitKind, number>> = { queue: 1, name: 2, key: 3 };

function byPlace(a: LimitRef, b: LimitRef): number {
  if (a.kind !== b.kind) return places[a.kind] - places[b.kind];
  return a.subject === b.subject ? 0 : a.subject < b.subject ? -1 : 1;
}
