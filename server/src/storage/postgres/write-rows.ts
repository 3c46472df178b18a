import type { Instant } from "../../model/ids.ts";
import { isTerminal, type TaskHead } from "../../model/task.ts";
import { attemptOutcomes, codeOfReason, states } from "../sql/codes.ts";
import { policyText } from "../sql/policy-text.ts";
import { uselessFrom } from "../sql/unique-claim-row.ts";
import { byteas, int2s, int4s, int8s, texts } from "./arrays.ts";
import { stopPlaced } from "./places.ts";
import type { Leftovers, Row, Rows } from "./rows.ts";
import { statement } from "./session.ts";
import { putOnShelves } from "./shelves.ts";
import { weigh } from "./weigh.ts";
import type { Work } from "./work.ts";

// Bytes and keys apart: the name of a column, its type, how an array of it is made, and its value of a row.
const columns = [
  ["seq", "int8", int8s, (row: Row) => row.seq],
  ["queue", "int4", int4s, ({ queue }: Row) => queue.id],
  ["priority", "int2", int2s, ({ head }: Row) => head.priority],
  ["state", "int2", int2s, ({ head }: Row) => states.code(head.state)],
  ["reason", "int2", int2s, ({ head }: Row) => codeOfReason(head.reason)],
  ["revision", "int4", int4s, ({ head }: Row) => head.revision],
  ["attempt", "int4", int4s, ({ head }: Row) => head.attempt],
  ["deliveries", "int4", int4s, ({ head }: Row) => head.deliveries],
  ["timer_at", "int8", int8s, ({ head }: Row) => timerOf(head)],
  ["not_before", "int8", int8s, ({ head }: Row) => head.notBefore],
  ["lease_ms", "int8", int8s, ({ head }: Row) => head.policy.leaseMs],
  ["limit_ms", "int8", int8s, ({ head }: Row) => head.policy.timeLimitMs],
  ["deadline_at", "int8", int8s, (row: Row) => row.deadlineAt],
  ["ended_at", "int8", int8s, ({ head }: Row) => head.endedAt],
  ["outcome_hash", "int8", int8s, (row: Row) => row.outcomeHash],
  ["cancel_at", "int8", int8s, ({ head }: Row) => head.cancel?.at],
  ["cancel_reason", "text", texts, ({ head }: Row) => head.cancel?.reason],
  ["cancel_requester", "text", texts, ({ head }: Row) => head.cancel?.requester],
] as const;

const names = columns.map(([name]) => name);
const update = statement(`
  UPDATE tasks t SET ${names
    .slice(1)
    .map((name) => `${name} = u.${name}`)
    .join(", ")}
  FROM unnest(${columns.map(([, type], at) => `$${at + 1}::${type}[]`).join(", ")}) AS u(${names.join(", ")})
  WHERE t.seq = u.seq`);

const upsertResults = statement(`
  INSERT INTO results AS r (seq, result, failure) SELECT * FROM unnest($1::int8[], $2::bytea[], $3::bytea[])
  ON CONFLICT (seq) DO UPDATE SET result = coalesce(excluded.result, r.result), failure = coalesce(excluded.failure, r.failure)`);
const insertAttempts = statement(`
  INSERT INTO attempts (seq, revision, attempt, outcome, started_at, ended_at, worker, failure)
  SELECT * FROM unnest($1::int8[], $2::int4[], $3::int4[], $4::int2[], $5::int8[], $6::int8[], $7::text[], $8::bytea[])`);
const dropOldAttempts = statement(`
  DELETE FROM attempts a USING unnest($1::int8[]) AS u(seq)
  WHERE a.seq = u.seq AND a.revision <=
    (SELECT b.revision FROM attempts b WHERE b.seq = u.seq ORDER BY b.revision DESC LIMIT 1 OFFSET $2)`);
const setPolicies = statement(
  "UPDATE contents c SET policy = u.policy FROM unnest($1::int8[], $2::text[]) AS u(seq, policy) WHERE c.seq = u.seq",
);
const upsertCheckpoints = statement(`
  INSERT INTO checkpoints (seq, data) SELECT * FROM unnest($1::int8[], $2::bytea[])
  ON CONFLICT (seq) DO UPDATE SET data = excluded.data`);
const releaseClaims = statement(`
  UPDATE unique_claims k SET free_at = coalesce(free_at, greatest(u.until, k.keep_until)),
    gone_at = CASE WHEN u.gone_at IS NULL THEN k.gone_at
      ELSE ${uselessFrom("u.gone_at", "coalesce(free_at, greatest(u.until, k.keep_until))", "greatest")} END
  FROM unnest($1::int8[], $2::int8[], $3::int8[]) AS u(seq, until, gone_at) WHERE k.seq = u.seq`);

type ToArray = (values: readonly unknown[]) => Buffer;
type OfRow = (row: Row) => unknown;

/** Writes what was done to rows, each kind of thing with one statement, and tells the gates. They are sent together. */
export async function writeRows(work: Work, { dirty, leftovers }: Rows): Promise<void> {
  const rows = [...dirty];
  const values = columns.map(([, , array, of]) => (array as ToArray)(rows.map(of as OfRow)));
  const sent = writeLeftovers(work, leftovers);
  if (rows.length > 0) sent.unshift(work.db.run(update, ...values));
  await Promise.all(sent);
  await work.gates.moved(rows);
  dirty.clear();
  for (const kept of Object.values(leftovers)) clear(kept);
}

/** What was written is not written again. */
function clear(kept: Leftovers[keyof Leftovers]): void {
  if (Array.isArray(kept)) kept.length = 0;
  else (kept as Map<number, unknown> | Set<number>).clear();
}

function writeLeftovers(work: Work, leftovers: Leftovers): Promise<unknown>[] {
  const { db, limits } = work;
  const { results, attempts, policies, checkpoints, released, shelved, stopped } = leftovers;
  const sent: Promise<unknown>[] = [];
  if (results.size > 0) {
    const kept = [...results.values()];
    const bytes = [byteas(kept.map(({ result }) => result)), byteas(kept.map(({ failure }) => failure))];
    sent.push(db.run(upsertResults, int8s([...results.keys()]), ...bytes));
  }
  if (attempts.length > 0) {
    sent.push(db.run(insertAttempts, ...attemptColumns(attempts)));
    const long = attempts
      .filter(({ revision }) => revision > 2 * limits.attemptHistoryMax)
      .map(({ seq }) => seq);
    if (long.length > 0) sent.push(db.run(dropOldAttempts, int8s(long), limits.attemptHistoryMax));
  }
  if (policies.size > 0)
    sent.push(
      db.run(setPolicies, int8s([...policies.keys()]), texts([...policies.values()].map(policyText))),
    );
  if (checkpoints.size > 0) {
    const seqs = [...checkpoints.keys()];
    sent.push(db.run(upsertCheckpoints, int8s(seqs), byteas([...checkpoints.values()])), weigh(db, seqs));
  }
  // Behind the results, which they weigh.
  if (shelved.size > 0) sent.push(putOnShelves(work, shelved));
  if (released.size > 0) sent.push(db.run(releaseClaims, ...releaseColumns(released)));
  if (stopped.size > 0) sent.push(stopPlaced(db, [...stopped]));
  return sent;
}

function attemptColumns(attempts: Leftovers["attempts"]): Buffer[] {
  const records = attempts.map(({ record }) => record);
  return [
    int8s(attempts.map(({ seq }) => seq)),
    int4s(attempts.map(({ revision }) => revision)),
    int4s(records.map(({ attempt }) => attempt)),
    int2s(records.map(({ outcome }) => attemptOutcomes.code(outcome))),
    int8s(records.map(({ startedAt }) => startedAt)),
    int8s(records.map(({ endedAt }) => endedAt)),
    texts(records.map(({ worker }) => worker)),
    byteas(records.map(({ failure }) => failure)),
  ];
}

const releaseColumns = (released: Leftovers["released"]): Buffer[] => [
  int8s([...released.keys()]),
  int8s([...released.values()].map(({ until }) => until)),
  int8s([...released.values()].map(({ goneAt }) => goneAt)),
];

/** When a task's next turn is: it is due, its lease ends, it may be removed. A ready one has none. */
function timerOf({ state, notBefore, leaseUntil, purgeAt }: TaskHead): Instant | number | undefined {
  if (state === "scheduled") return notBefore ?? 0;
  if (state === "leased") return leaseUntil;
  return isTerminal(state) ? purgeAt : undefined;
}
