import { waitingUntil } from "../../model/deadline.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { codeOfReason, stateCode } from "../sql/codes.ts";
import { policyText } from "../sql/policy-text.ts";
import { textOfTies } from "../sql/ties-text.ts";
import { bools, byteas, int2s, int4s, int8s, texts } from "./arrays.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

/** A task on its way in, and where to. */
export type Arrival = {
  readonly task: NewTask;
  readonly queue: QueueEntry;
  readonly now: Instant;
  readonly isTied: boolean;
  /** Whether its number has to be known. */
  readonly isWanted: boolean;
};

/** What became of some of them, by their places: undefined: its id is taken. Those that are not named were stored. */
export type Inserted = ReadonlyMap<number, number | undefined>;

const columns = [
  ["namespace", "int4", int4s, ({ queue }: Arrival) => queue.namespaceId],
  ["queue", "int4", int4s, ({ queue }: Arrival) => queue.id],
  ["id", "text", texts, ({ task }: Arrival) => task.id],
  ["hash", "text", texts, ({ task }: Arrival) => task.contentHash ?? ""],
  ["name", "text", texts, ({ task }: Arrival) => task.name],
  ["policy", "text", texts, ({ task }: Arrival) => policyText(task.policy)],
  ["tags", "text", texts, ({ task }: Arrival) => (task.tags.length === 0 ? null : JSON.stringify(task.tags))],
  ["replay_of", "text", texts, ({ task }: Arrival) => task.replayOf],
  ["ties", "text", texts, ({ task }: Arrival) => textOfTies(task.ties)],
  ["parent_id", "text", texts, ({ task }: Arrival) => task.lineage?.parentId],
  ["root_id", "text", texts, ({ task }: Arrival) => task.lineage?.rootId],
  ["content", "bytea", byteas, ({ task }: Arrival) => task.content],
  ["weight", "int4", int4s, ({ task }: Arrival) => task.content.length + (task.input?.data?.length ?? 0)],
  ["priority", "int2", int2s, ({ task }: Arrival) => task.priority],
  ["state", "int2", int2s, (arrival: Arrival) => stateOf(arrival)],
  ["reason", "int2", int2s, (arrival: Arrival) => codeOfReason(isDelayed(arrival) ? "delay" : undefined)],
  ["created_at", "int8", int8s, ({ now }: Arrival) => now],
  ["timer_at", "int8", int8s, (arrival: Arrival) => (isDelayed(arrival) ? arrival.task.notBefore : null)],
  ["not_before", "int8", int8s, ({ task }: Arrival) => task.notBefore],
  ["lease_ms", "int8", int8s, ({ task }: Arrival) => task.policy.leaseMs],
  ["limit_ms", "int8", int8s, ({ task }: Arrival) => task.policy.timeLimitMs],
  ["deadline_at", "int8", int8s, (arrival: Arrival) => deadlineOf(arrival)],
  ["tied", "bool", bools, ({ isTied }: Arrival) => (isTied ? true : null)],
  ["wanted", "bool", bools, ({ isWanted }: Arrival) => isWanted],
] as const;

const names = columns.map(([name]) => name).join(", ");
const parameters = columns.map(([, type], at) => `$${at + 1}::${type}[]`).join(", ");

// Numbers are given in the order of the batch, also to those whose id turns out to be taken. Whether a row was stored is asked of a
// hash of the stored ones: joined by chance of the planner, a thousand rows would meet a thousand.
const insertAll = statement<[at: number, seq: number | null]>(`
  WITH item AS MATERIALIZED (
    SELECT nextval('task_seq') AS seq, u.* FROM unnest(${parameters}) WITH ORDINALITY AS u(${names}, at)),
  stored AS (
    INSERT INTO contents (seq, namespace, id, hash, name, policy, tags, replay_of, ties, parent_id, root_id, content)
    SELECT seq, namespace, id, hash, name, policy, tags, replay_of, ties, parent_id, root_id, content FROM item
    ON CONFLICT (namespace, id) DO NOTHING RETURNING seq),
  tagged AS (
    INSERT INTO tags (namespace, tag, seq) SELECT DISTINCT i.namespace, each_tag.value, i.seq
    FROM item i CROSS JOIN LATERAL json_array_elements_text(i.tags::json) AS each_tag
    WHERE i.tags IS NOT NULL AND (i.seq IN (SELECT seq FROM stored)) IS TRUE),
  task AS (
    INSERT INTO tasks (seq, namespace, queue, content_bytes, revision, attempt, deliveries, priority, state, reason, tied,
      fence_epoch, fence_seq, created_at, timer_at, not_before, lease_ms, limit_ms, deadline_at)
    SELECT seq, namespace, queue, weight, 1, 1, 0, priority, state, reason, tied,
      0, 0, created_at, timer_at, not_before, lease_ms, limit_ms, deadline_at
    FROM item WHERE (seq IN (SELECT seq FROM stored)) IS TRUE)
  SELECT at, CASE WHEN seq IN (SELECT seq FROM stored) THEN seq END FROM item
  WHERE wanted OR (seq IN (SELECT seq FROM stored)) IS NOT TRUE`);

/** So many go with one statement: the database stores them while the next ones are being packed. */
const partMax = 250;

/** Stores tasks whose ids are all different. */
export async function insertTasks({ db }: Work, arrivals: readonly Arrival[]): Promise<Inserted> {
  const sent: Promise<(readonly [at: number, seq: number | undefined])[]>[] = [];
  for (let from = 0; from < arrivals.length; from += partMax) {
    const values = valuesOf(arrivals.slice(from, from + partMax));
    const rows = db.rows(insertAll, ...values);
    sent.push(rows.then((some) => some.map(([at, seq]) => [from + at - 1, seq ?? undefined])));
  }
  return new Map((await Promise.all(sent)).flat());
}

const valuesOf = (arrivals: readonly Arrival[]): Buffer[] =>
  columns.map(([, , array, of]) =>
    (array as (values: readonly unknown[]) => Buffer)(arrivals.map(of as (arrival: Arrival) => unknown)),
  );

const isDelayed = ({ task, now }: Arrival): boolean => task.notBefore !== undefined && task.notBefore > now;

/** The number of the state that a task begins in. */
export const stateOf = (arrival: Arrival): number =>
  isDelayed(arrival) ? stateCode.scheduled : stateCode.ready;

function deadlineOf(arrival: Arrival): Instant | undefined {
  const { task, now } = arrival;
  return waitingUntil(
    { policy: task.policy, createdAt: now },
    isDelayed(arrival) ? "scheduled" : "ready",
    now,
  );
}
