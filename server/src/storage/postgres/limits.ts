import type { Refusal } from "../../model/admission.ts";
import {
  dueOnChange,
  type GateLimit,
  isBounded,
  type LimitRef,
  opensAt,
  pauseAt,
  scoped,
  withPause,
} from "../../model/gate.ts";
import { capacityOf, isTaskGate, type LimitedGate } from "../../model/gatekeeper.ts";
import { type Instant, type Namespace, type QueueRef, queueNameOf } from "../../model/ids.ts";
import type { Pause } from "../../model/pause.ts";
import type { GateRef, GateStatus, KeyWeight } from "../../ports/gate-store.ts";
import { stateCode } from "../sql/codes.ts";
import { type LimitRow, limitKinds, limitOf } from "../sql/limit-rows.ts";
import type { LimitPlace } from "./live-limits.ts";
import { homeOf, openQueue } from "./open-queue.ts";
import { raiseRules, selectLimits } from "./rules.ts";
import { type Session, statement } from "./session.ts";
import { tieNames } from "./tie-names.ts";
import { gateQueues } from "./ties.ts";
import { setWeight } from "./turns.ts";
import type { Work } from "./work.ts";

const countLimits = statement<[number]>("SELECT count(*) FROM limits WHERE namespace = $1");
const selectDue = statement<[number]>(
  "SELECT due_at FROM limits WHERE namespace = $1 AND kind = $2 AND subject = $3",
);
const upsert = statement(`
  INSERT INTO limits (namespace, kind, subject, concurrency, rate_count, rate_period_ms, rate_burst, updated_at, due_at,
    paused_at, pause_reason, paused_by, resume_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
  ON CONFLICT (namespace, kind, subject) DO UPDATE SET concurrency = excluded.concurrency, rate_count = excluded.rate_count,
    rate_period_ms = excluded.rate_period_ms, rate_burst = excluded.rate_burst, updated_at = excluded.updated_at,
    due_at = excluded.due_at, paused_at = excluded.paused_at, pause_reason = excluded.pause_reason,
    paused_by = excluded.paused_by, resume_at = excluded.resume_at, untidy = false`);
const drop = statement("DELETE FROM limits WHERE namespace = $1 AND kind = $2 AND subject = $3");

const placeOf = ({ kind, namespace, subject }: LimitRef): LimitPlace => ({
  kind,
  text: scoped(namespace, subject),
});

/** Puts a limit, and holds back who may not be let through by it any more. Alone: nobody goes by the rules of before meanwhile. */
export async function putLimit(work: Work, limit: GateLimit): Promise<"done" | "more" | "too_many"> {
  const live = limitAt(work, limit);
  const refused = live === undefined ? await begin(work, limit, limit.updatedAt) : undefined;
  const pause = live?.pause;
  return refused ?? become(work, { ...limit, ...(pause && { pause }) });
}

/** Pauses or resumes the tasks of a name or a key. Alone, as a limit is put. */
export async function setGatePause(
  work: Work,
  ref: GateRef,
  pause: Pause | undefined,
  now: Instant,
): Promise<"done" | "more" | "too_many"> {
  const live = limitAt(work, ref);
  const refused = live === undefined && pause !== undefined ? await begin(work, ref, now) : undefined;
  if (refused !== undefined) return refused;
  const next = withPause(ref, live, { pause, now });
  return next === undefined ? "done" : become(work, next);
}

/** Takes the bounds of a limit away, and lets through who waits at them. Alone, as it was put. */
export async function deleteLimit(
  work: Work,
  ref: LimitRef,
  now: Instant,
): Promise<"done" | "more" | "unknown"> {
  const live = limitAt(work, ref);
  if (live === undefined || (live.pause !== undefined && !isBounded(live))) return "unknown";
  return become(work, { ...live, concurrency: undefined, rate: undefined, updatedAt: now });
}

const limitAt = ({ gates }: Work, ref: LimitRef): GateLimit | undefined =>
  [...gates.limits.all()].find(
    ({ kind, namespace, subject }) =>
      kind === ref.kind && namespace === ref.namespace && subject === ref.subject,
  );

/** What precedes the first word about a subject; undefined: it may be said. Until all is tied that it is about, it stands open. */
async function begin(work: Work, ref: LimitRef, now: Instant): Promise<"more" | "too_many" | undefined> {
  const { db, queues, limits: bounds } = work;
  const space = await queues.makeNamespace(db, ref.namespace);
  const [count] = await db.rows(countLimits, space);
  if ((count?.[0] ?? 0) >= bounds.gateLimitsPerNamespaceMax) return "too_many";
  if (ref.kind !== "name" || (await tieNames(work, space, ref))) return undefined;
  const { namespace, kind, subject } = ref;
  await keep(work, space, {
    namespace,
    kind,
    subject,
    concurrency: undefined,
    rate: undefined,
    updatedAt: now,
  });
  return "more";
}

/** Writes a limit, lets through and holds back who is concerned, and forgets it when it says nothing any more and nobody waits. */
async function become(work: Work, limit: GateLimit): Promise<"done" | "more"> {
  const { db, queues, gates } = work;
  const { kind, namespace, subject, updatedAt } = limit;
  const space = await queues.makeNamespace(db, namespace);
  // A part of a name's tasks may have been tied in an earlier transaction.
  if (kind === "name" && !(await tieNames(work, space, limit))) return "more";
  await keep(work, space, limit);
  if ((await tendLimit(work, limit, updatedAt)) === "more") return "more";
  if (isBounded(limit) || limit.pause !== undefined) return "done";
  await db.run(drop, space, limitKinds.code(kind), subject);
  gates.limits.replace(placeOf(limit), undefined);
  return "done";
}

async function keep({ db, gates }: Work, space: number, limit: GateLimit): Promise<void> {
  const { kind, subject, concurrency, rate, pause, updatedAt } = limit;
  const [before] = await db.rows(selectDue, space, limitKinds.code(kind), subject);
  // What a rate has given out stays given out when it is put again, at whatever pace, as long as there are bounds.
  const dueAt = isBounded(limit) ? dueOnChange(rate, before?.[0] ?? 0, updatedAt) : 0;
  const columns = [rate?.count ?? null, rate?.periodMs ?? null, rate?.burst ?? null];
  const paused = [pause?.at ?? null, pause?.reason ?? null, pause?.by ?? null, pause?.resumeAt ?? null];
  await db.run(
    upsert,
    ...[space, limitKinds.code(kind), subject, concurrency ?? null, ...columns, updatedAt, dueAt, ...paused],
  );
  await raiseRules(db);
  gates.limits.replace(placeOf(limit), limit);
}

async function tendLimit(work: Work, ref: LimitRef, now: Instant): Promise<"done" | "more"> {
  const { kind } = ref;
  if (isTaskGate(kind)) {
    work.gates.touch({ kind, text: scoped(ref.namespace, ref.subject) });
    return (await work.gates.tend(now)) ? "more" : "done";
  }
  await work.queues.load(work.db, [queueOf(ref)]);
  const queue = homeOf(work, queueOf(ref));
  if (queue !== undefined) await gateQueues(work.db, [queue.id]);
  await ringQueue(work, ref, now);
  return "done";
}

const queueOf = ({ namespace, subject }: LimitRef): QueueRef => ({ namespace, queue: queueNameOf(subject) });

const selectDepth = statement<[leased: number, ready: number]>(`
  SELECT coalesce(sum(d.leased), 0)::int8, coalesce(sum(d.ready), 0)::int8
  FROM namespaces n JOIN queues q ON q.namespace = n.id JOIN depths d ON d.queue = q.id WHERE n.name = $1 AND q.name = $2`);

/** Tells who waits for a queue whether it may be claimed from; false: not now, though there is something in it. */
async function ringQueue(work: Work, ref: LimitRef, now: Instant): Promise<boolean> {
  const { db, queues, gates } = work;
  const { namespace, subject } = ref;
  await queues.load(db, [queueOf(ref)]);
  const queue = homeOf(work, queueOf(ref));
  const [leased, ready] = (await db.rows(selectDepth, namespace, subject))[0] ?? [0, 0];
  if (queue === undefined || ready === 0) return true;
  const live = await gates.decide(() => gates.limits.of(placeOf(ref)));
  const room = Math.min(ready, live === undefined ? ready : capacityOf(live, leased, now));
  if (room > 0) gates.bell.opened(queue, room);
  return room > 0;
}

const selectWaking = statement<LimitRow>(
  `${selectLimits} WHERE l.rate_count IS NOT NULL OR l.paused_at IS NOT NULL OR l.untidy`,
);
const tidy = statement("UPDATE limits SET untidy = false WHERE untidy");

/** Lets through whom rates allow, and tells when the next one may come. */
export async function openGates(work: Work, now: Instant): Promise<Instant | undefined> {
  const { db, gates, queues } = work;
  const waking = (await db.rows(selectWaking)).map((row) => ({ limit: limitOf(row), dueAt: row[8] }));
  const atTasks = waking.filter(({ limit }) => isTaskGate(limit.kind));
  const spaces = new Set(atTasks.map(({ limit }) => limit.namespace));
  await queues.loadNamespaces(db, [...spaces]);
  await gates.lock([...spaces].flatMap((space) => queues.namespaceId(space) ?? []));
  if (atTasks.length > 0) await db.run(tidy);
  for (const { limit, dueAt } of waking) {
    if (limit.pause !== undefined && pauseAt(limit, now) === undefined) await endPause(work, limit, now);
    if (isTaskGate(limit.kind))
      gates.touch({ kind: limit.kind, text: scoped(limit.namespace, limit.subject) });
    else if (!(await ringQueue(work, limit, now))) {
      const at = opensAt({ limit, dueAt }, now);
      if (at !== undefined) gates.bell.wakeAt(at);
    }
  }
  await gates.tend(now);
  return gates.bell.nextWakeAt();
}

/**
 * A pause is over by itself. Servers that still remember it see as much, so nobody has to be kept out meanwhile. What is left to do at its
 * gate is done with the next verb.
 */
async function endPause(work: Work, limit: GateLimit, now: Instant): Promise<void> {
  const next = withPause(limit, limit, { pause: undefined, now });
  if (next !== undefined) await become(work, next);
}

const selectOne = statement<LimitRow>(`${selectLimits} WHERE n.name = $1 AND l.kind = $2 AND l.subject = $3`);
const selectSome = statement<LimitRow>(
  `${selectLimits} WHERE n.name = $1 AND (l.kind, l.subject) > ($2, $3) ORDER BY l.kind, l.subject LIMIT $4`,
);
const usesOf = (kind: LimitedGate["kind"]) =>
  statement<[leased: number, waiting: number]>(`
    SELECT count(*) FILTER (WHERE state = ${stateCode.leased}),
      count(*) FILTER (WHERE state = ${stateCode.ready} AND held = ${kind === "key" ? 2 : 3})
    FROM ties WHERE limit_${kind} = $1`);
const uses = { key: usesOf("key"), name: usesOf("name") };

/** One limit, and what it does now. */
export async function getLimit(db: Session, ref: LimitRef): Promise<GateStatus | undefined> {
  const { namespace, kind, subject } = ref;
  const [row] = await db.rows(selectOne, namespace, limitKinds.code(kind), subject);
  if (row === undefined) return undefined;
  const asked = isTaskGate(kind)
    ? await db.rows(uses[kind], scoped(namespace, subject))
    : await db.rows(selectDepth, namespace, subject);
  const [leased, waiting] = asked[0] ?? [0, 0];
  return { ...limitOf(row), leased, waiting };
}

/** Limits of a namespace by kind and subject, after `after`. */
export const listLimits = async (
  db: Session,
  namespace: Namespace,
  after: LimitRef | undefined,
  limit: number,
): Promise<readonly GateLimit[]> => {
  const from = after ? [limitKinds.code(after.kind), after.subject] : [0, ""];
  return (await db.rows(selectSome, namespace, ...from, limit)).map(limitOf);
};

/** Sets how often a fairness key comes. */
export async function putWeight(
  work: Work,
  ref: QueueRef,
  weight: KeyWeight,
  now: Instant,
): Promise<"done" | Refusal> {
  const queue = await openQueue(work, ref, now);
  if ("refused" in queue) return queue;
  await setWeight(work.db, queue.id, weight);
  return "done";
}

const selectWeights = statement<[key: string, weight: number]>(`
  SELECT k.key, k.weight FROM namespaces n JOIN queues q ON q.namespace = n.id JOIN turns k ON k.queue = q.id
  WHERE n.name = $1 AND q.name = $2 AND k.key > $3 AND k.weight IS NOT NULL ORDER BY k.key LIMIT $4`);

/** The weights of a queue other than 1, by key. */
export const listWeights = async (
  db: Session,
  { namespace, queue }: QueueRef,
  after: string | undefined,
  limit: number,
): Promise<readonly KeyWeight[]> =>
  (await db.rows(selectWeights, namespace, queue, after ?? "", limit)).map(([key, weight]) => ({
    key,
    weight,
  }));
