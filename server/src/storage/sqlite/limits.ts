import type { Refusal } from "../../model/admission.ts";
import { type GateLimit, type LimitRef, nextTokenAt, scoped } from "../../model/gate.ts";
import { isTaskGate, type LimitedGate } from "../../model/gatekeeper.ts";
import { type Instant, type QueueRef, queueNameOf } from "../../model/ids.ts";
import type { GateStatus, KeyWeight } from "../../ports/gate-store.ts";
import { stateCode } from "../sql/codes.ts";
import { type LimitRow, limitKinds, limitOf } from "../sql/limit-rows.ts";
import { type Database, query } from "./files/connection.ts";
import { selectLimits } from "./select-limits.ts";
import { createTieNames } from "./tie-names.ts";
import { createTies } from "./ties.ts";
import type { Writing } from "./writing.ts";

/** Makes putLimit: puts a limit, and holds back who may not be let through by it any more. */
export function createPutLimit(writing: Writing): (limit: GateLimit) => "done" | "more" | "too_many" {
  const { gates, limits: bounds } = writing;
  const tieNames = createTieNames(writing);
  return (limit) => {
    const { namespace, kind, subject, updatedAt } = limit;
    const text = scoped(namespace, subject);
    if (gates.limits.of(kind, text) === undefined) {
      if (gates.limits.count(namespace) >= bounds.gateLimitsPerNamespaceMax) return "too_many";
      if (kind === "name" && !tieNames(limit)) return "more";
    }
    gates.limits.put(limit);
    if (isTaskGate(kind)) return tendGate(writing, { kind, text }, updatedAt);
    ringQueue(writing, limit, updatedAt);
    return "done";
  };
}

/** Makes deleteLimit: takes a limit away, and lets through who waits at it. */
export function createDeleteLimit(
  writing: Writing,
): (ref: LimitRef, now: Instant) => "done" | "more" | "unknown" {
  const { limits } = writing.gates;
  return (ref, now) => {
    const { namespace, kind, subject } = ref;
    const text = scoped(namespace, subject);
    const live = limits.of(kind, text);
    if (live === undefined) return "unknown";
    if (isTaskGate(kind)) {
      // It stays until nobody waits at it any more: an open gate that is known is opened to its end, also after a restart.
      limits.put({ ...live.limit, concurrency: undefined, rate: undefined, updatedAt: now });
      if (tendGate(writing, { kind, text }, now) === "more") return "more";
    }
    limits.remove(ref);
    ringQueue(writing, ref, now);
    return "done";
  };
}

/** Makes openGates: lets through whom rates allow, and tells when the next one may come. */
export function createOpenGates(writing: Writing): (now: Instant) => Instant | undefined {
  const { gates } = writing;
  return (now) => {
    for (const { limit, dueAt } of gates.limits.all()) {
      if (limit.rate === undefined) continue;
      const text = scoped(limit.namespace, limit.subject);
      if (isTaskGate(limit.kind)) gates.keeper.touchGate({ kind: limit.kind, text });
      else if (!ringQueue(writing, limit, now)) {
        const at = nextTokenAt(limit.rate, dueAt);
        if (at !== undefined && at > now) gates.wakeAt(at);
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
export function createPutWeight({
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
