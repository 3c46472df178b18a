import { isTerminal } from "../../model/task.ts";
import type { TaskChange } from "../../model/task-machine.ts";
import type { SettleVerdict, StoreSettlement } from "../../ports/task-store.ts";
import { codeOfReason, stateCode, states } from "../sql/codes.ts";
import type { LeaseHint } from "../sql/lease-cache.ts";
import { byteas, int2s, int4s, int8s } from "./arrays.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

/** A settlement of a lease whose row is remembered. */
type Remembered = {
  readonly settlement: StoreSettlement;
  readonly hint: LeaseHint<QueueEntry>;
  readonly at: number;
};

// A row of a task that is not tied, and as its claim left it: nobody else has it, no cancel was asked for, it is not settled. The revision
// says so, because whatever takes a lease from its holder, or asks to cancel it, raises the one with the other. state + 0: rows are to be
// found by their numbers; the planner takes few tasks to be leased, and would go through all of them.
const write = statement<[count: number, places: string | null]>(`
  WITH written AS (
    UPDATE tasks t SET state = u.state, reason = u.reason, revision = t.revision + 1, attempt = u.attempt,
      deliveries = greatest(0, t.deliveries + u.delta), timer_at = u.timer_at, ended_at = coalesce(u.ended_at, t.ended_at),
      outcome_hash = u.outcome_hash
    FROM unnest($1::int4[], $2::int8[], $3::int4[], $4::int8[], $5::int8[], $6::int2[], $7::int2[], $8::int4[], $9::int2[],
      $10::int8[], $11::int8[], $12::int8[])
      AS u(at, seq, revision, epoch, fence, state, reason, attempt, delta, timer_at, ended_at, outcome_hash)
    WHERE t.seq = u.seq AND t.revision = u.revision AND t.state + 0 = ${stateCode.leased} AND t.fence_epoch = u.epoch
      AND t.fence_seq = u.fence AND t.outcome_hash IS NULL AND t.cancel_at IS NULL AND t.tied IS NULL
    RETURNING u.at, t.seq),
  kept AS (
    INSERT INTO results (seq, result) SELECT r.seq, r.result FROM unnest($13::int8[], $14::bytea[]) AS r(seq, result)
    WHERE (r.seq IN (SELECT seq FROM written)) IS TRUE
    ON CONFLICT (seq) DO UPDATE SET result = excluded.result)
  SELECT count(*)::int4, CASE WHEN count(*) < cardinality($1::int4[]) THEN array_to_json(array_agg(at))::text END FROM written`);

/**
 * Settles with one statement what can be settled without a look: what most workers send is a frame of successes. Undefined stands where
 * nothing was written.
 */
export async function settlePlainly(
  work: Work,
  settlements: readonly StoreSettlement[],
): Promise<(SettleVerdict | undefined)[]> {
  const verdicts = new Array<SettleVerdict | undefined>(settlements.length).fill(undefined);
  const some = remembered(work, settlements);
  if (some.length === 0) return verdicts;
  const [[count, places] = [0, null]] = await work.db.rows(write, ...columnsOf(some));
  // Most of the time it is all of them, and not worth a list.
  const written = new Set<number>(places === null ? [] : (JSON.parse(places) as number[]));
  for (const one of some)
    if (count === some.length || written.has(one.at)) verdicts[one.at] = note(work, one);
  return verdicts;
}

/** Those of which the row is known, and which are all that is said of their task. */
function remembered({ leases }: Work, settlements: readonly StoreSettlement[]): Remembered[] {
  // Tasks of two namespaces may have one id: they are looked at, too.
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { id } of settlements) {
    if (seen.has(id)) repeated.add(id);
    seen.add(id);
  }
  const some: Remembered[] = [];
  for (const [at, settlement] of settlements.entries()) {
    if (repeated.has(settlement.id) || !isPlain(settlement.decision.outcome)) continue;
    const hint = leases.take(settlement);
    if (hint !== undefined) some.push({ settlement, hint, at });
  }
  return some;
}

/** What ends an attempt badly, or says more, has rows of its own to write. */
const isPlain = ({ event, failure, notBefore, cancel, more }: TaskChange): boolean =>
  event !== "retried" &&
  event !== "failed" &&
  failure === undefined &&
  notBefore === undefined &&
  cancel === undefined &&
  more === undefined;

function columnsOf(some: readonly Remembered[]): Buffer[] {
  const changes = some.map(({ settlement }) => settlement.decision.outcome);
  const results = some.filter(({ settlement }) => settlement.decision.outcome.result !== undefined);
  return [
    int4s(some.map(({ at }) => at)),
    int8s(some.map(({ hint }) => hint.seq)),
    int4s(some.map(({ hint }) => hint.revision)),
    int8s(some.map(({ hint }) => hint.fence.epoch)),
    int8s(some.map(({ hint }) => hint.fence.seq)),
    int2s(changes.map(({ state }) => states.code(state))),
    int2s(changes.map(({ reason }) => codeOfReason(reason))),
    int4s(changes.map(({ attempt }) => attempt)),
    int2s(changes.map(({ deliveriesDelta }) => deliveriesDelta)),
    int8s(changes.map(({ state, purgeAt }) => (isTerminal(state) ? purgeAt : undefined))),
    int8s(changes.map(({ endedAt }) => endedAt)),
    int8s(some.map(({ settlement }) => settlement.outcomeHash)),
    int8s(results.map(({ hint }) => hint.seq)),
    byteas(results.map(({ settlement }) => settlement.decision.outcome.result)),
  ];
}

function note({ ledger, backlog, queues }: Work, { settlement, hint }: Remembered): SettleVerdict {
  const { id, now, decision } = settlement;
  // Another connection has claimed it.
  const queue = queues.know(hint.queue);
  const { state, reason, event, attempt } = decision.outcome;
  ledger.move(queue, stateCode.leased, states.code(state));
  if (isTerminal(state)) backlog.ended(queue, hint.seq);
  ledger.note(queue, { kind: event, reason, id, revision: hint.revision + 1, attempt, at: now });
  return { kind: "applied", state };
}
