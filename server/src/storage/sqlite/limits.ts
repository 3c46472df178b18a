import type { Refusal } from "../../model/admission.ts";
import {
  type GateLimit,
  isBounded,
  type LimitRef,
  opensAt,
  pauseAt,
  scoped,
  withPause,
} from "../../model/gate.ts";
import { isTaskGate, type LimitedGate, type LiveLimit } from "../../model/gatekeeper.ts";
import { type Instant, type QueueRef, queueNameOf } from "../../model/ids.ts";
import type { Pause } from "../../model/pause.ts";
import type { GateRef, GateStatus, KeyWeight } from "../../ports/gate-store.ts";
import { stateCode } from "../sql/codes.ts";
import { type LimitRow, limitKinds, limitOf } from "../sql/limit-rows.ts";
import { type Database, query } from "./files/connection.ts";
import { selectLimits } from "./select-limits.ts";
import { createTieNames } from "./tie-names.ts";
import { createTies } from "./ties.ts";
import type { Writing } from "./writing.ts";

/** Makes the verbs that write limits, pauses of names and keys, and weights. */
export function createLimitCalls(writing: Writing) {
  const begin = createBegin(writing);
  return {
    putLimit: createPutLimit(writing, begin),
    setGatePause: createSetGatePause(writing, begin),
    deleteLimit: createDeleteLimit(writing),
    openGates: createOpenGates(writing),
    putWeight: createPutWeight(writing),
  };
}

/** What precedes the first word about a subject; undefined: it may be said. */
type Begin = (ref: LimitRef) => "more" | "too_many" | undefined;

/** Makes putLimit: puts a limit, and holds back who may not be let through by it any more. */
function createPutLimit(writing: Writing, begin: Begin): (limit: GateLimit) => "done" | "more" | "too_many" {
  return (limit) => {
    const live = liveOf(writing, limit);
    const refused = live === undefined ? begin(limit) : undefined;
    const pause = live?.limit.pause;
    return refused ?? become(writing, { ...limit, ...(pause && { pause }) });
  };
}

/** Makes setGatePause: pauses or resumes the tasks of a name or a key. */
function createSetGatePause(
  writing: Writing,
  begin: Begin,
): (ref: GateRef, pause: Pause | undefined, now: Instant) => "done" | "more" | "too_many" {
  return (ref, pause, now) => {
    const live = liveOf(writing, ref);
    const refused = live === undefined && pause !== undefined ? begin(ref) : undefined;
    if (refused !== undefined) return refused;
    const next = withPause(ref, live?.limit, { pause, now });
    return next === undefined ? "done" : become(writing, next);
  };
}

/** Makes deleteLimit: takes the bounds of a limit away, and lets through who waits at them. */
function createDeleteLimit(writing: Writing): (ref: LimitRef, now: Instant) => "done" | "more" | "unknown" {
  return (ref, now) => {
    const limit = liveOf(writing, ref)?.limit;
    if (limit === undefined || (limit.pause !== undefined && !isBounded(limit))) return "unknown";
    return become(writing, { ...limit, concurrency: undefined, rate: undefined, updatedAt: now });
  };
}

/** Makes openGates: lets through whom rates allow, and tells when the next one may come. */
function createOpenGates(writing: Writing): (now: Instant) => Instant | undefined {
  const { gates } = writing;
  return (now) => {
    for (const live of gates.limits.all()) {
      const { limit } = live;
      if (limit.pause !== undefined && pauseAt(limit, now) === undefined) endPause(writing, limit, now);
      if (limit.rate === undefined) continue;
      const text = scoped(limit.namespace, limit.subject);
      if (isTaskGate(limit.kind)) gates.keeper.touchGate({ kind: limit.kind, text });
      else if (!ringQueue(writing, limit, now)) {
        const at = opensAt(live, now);
        if (at !== undefined) gates.wakeAt(at);
      }
    }
    gates.tend(now);
    return gates.nextWakeAt();
  };
}

/** Makes getLimit, and says what the limit does now. */
export function createGetLimit(db: Database): (ref: LimitRef) => GateStatus | undefined {
  const select = query<LimitRow>(db, `${selectLimits} WHERE n.name = ? AND l.kind = ? AND l.subject = ?`);
  const selectDepth = query<[leased: number, ready: number]>(
    db,
    `SELECT q.leased, q.ready FROM namespaces n CROSS JOIN queues q ON q.namespace = n.id WHERE n.name = ? AND q.name = ?`,
  );
  const ties = createTies(db);

  function useOf({ namespace, kind, subject }: LimitRef): Pick<GateStatus, "leased" | "waiting"> {
    if (isTaskGate(kind)) {
      const gate: LimitedGate = { kind, text: scoped(namespace, subject) };
      return { leased: ties.leased(gate), waiting: ties.waitingCount(gate) };
    }
    const [leased, waiting] = selectDepth.get(namespace, subject) ?? [0, 0];
    return { leased, waiting };
  }

  return (ref) => {
    const row = select.get(ref.namespace, limitKinds.code(ref.kind), ref.subject);
    return row && { ...limitOf(row), ...useOf(ref) };
  };
}

/** Makes listLimits: by kind and subject, after `after`. */
export function createListLimits(
  db: Database,
): (namespace: LimitRef["namespace"], after: LimitRef | undefined, limit: number) => readonly GateLimit[] {
  const select = query<LimitRow>(
    db,
    `${selectLimits} WHERE n.name = ? AND (l.kind, l.subject) > (?, ?) ORDER BY l.kind, l.subject LIMIT ?`,
  );
  return (namespace, after, limit) =>
    select.all(namespace, after ? limitKinds.code(after.kind) : 0, after?.subject ?? "", limit).map(limitOf);
}

/** Makes putWeight: sets how often a fairness key comes. */
function createPutWeight({
  queues,
  gates,
}: Writing): (ref: QueueRef, weight: KeyWeight, now: Instant) => "done" | Refusal {
  return ({ namespace, queue: name }, weight, now) => {
    const queue = queues.open(namespace, name, now);
    if ("refused" in queue) return queue;
    gates.turns.setWeight(queue, weight);
    return "done";
  };
}

/** Makes listWeights: the weights of a queue other than 1, by key. */
export function createListWeights(
  db: Database,
): (ref: QueueRef, after: string | undefined, limit: number) => readonly KeyWeight[] {
  const select = query<[key: string, weight: number]>(
    db,
    `SELECT t.key, t.weight FROM namespaces n CROSS JOIN queues q ON q.namespace = n.id CROSS JOIN turns t ON t.queue = q.id
     WHERE n.name = ? AND q.name = ? AND t.key > ? AND t.weight IS NOT NULL ORDER BY t.key LIMIT ?`,
  );
  return ({ namespace, queue }, after, limit) =>
    select.all(namespace, queue, after ?? "", limit).map(([key, weight]) => ({ key, weight }));
}

const liveOf = ({ gates }: Writing, { namespace, kind, subject }: LimitRef): LiveLimit | undefined =>
  gates.limits.of(kind, scoped(namespace, subject));

function createBegin(writing: Writing): Begin {
  const { gates, limits: bounds } = writing;
  const tieNames = createTieNames(writing);
  return (ref) => {
    if (gates.limits.count(ref.namespace) >= bounds.gateLimitsPerNamespaceMax) return "too_many";
    return ref.kind === "name" && !tieNames(ref) ? "more" : undefined;
  };
}

/**
 * Writes a limit, lets through and holds back who is concerned, and forgets it when it says nothing any more. Until nobody waits at it
 * it stays: an open gate that is known is opened to its end, also after a restart.
 */
function become(writing: Writing, limit: GateLimit): "done" | "more" {
  const { limits } = writing.gates;
  const { namespace, kind, subject, updatedAt: now } = limit;
  limits.put(limit);
  if (isTaskGate(kind) && tendGate(writing, { kind, text: scoped(namespace, subject) }, now) === "more")
    return "more";
  if (!isBounded(limit) && limit.pause === undefined) limits.remove(limit);
  if (!isTaskGate(kind)) ringQueue(writing, limit, now);
  return "done";
}

/** A pause is over by itself. What is left to do at its gate is done with the next verb. */
function endPause(writing: Writing, limit: GateLimit, now: Instant): void {
  const next = withPause(limit, limit, { pause: undefined, now });
  if (next !== undefined) become(writing, next);
}

function tendGate({ gates }: Writing, gate: LimitedGate, now: Instant): "done" | "more" {
  gates.keeper.touchGate(gate);
  return gates.tend(now) ? "more" : "done";
}

/** Tells who waits for a queue whether it may be claimed from; false: not now, or there is nothing in it. */
function ringQueue({ gates, queues }: Writing, { namespace, subject }: LimitRef, now: Instant): boolean {
  const queue = queues.find(namespace, queueNameOf(subject));
  const ready = queue?.depth[stateCode.ready] ?? 0;
  if (queue === undefined || ready === 0) return true;
  const room = Math.min(ready, gates.queueCapacity(queue, now));
  if (room > 0) gates.opened(queue, room);
  return room > 0;
}
