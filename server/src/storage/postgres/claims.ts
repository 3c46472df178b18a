import type { Instant, TaskId } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { isHeldAt } from "../sql/unique-claim-row.ts";
import { int4s, int8s, texts } from "./arrays.ts";
import type { Arrival } from "./insert.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

/** Who has claimed a key. */
export type Holder = {
  readonly seq: number;
  readonly taskId: TaskId;
  readonly startBy: Instant | undefined;
};

type HolderRow = readonly [
  seq: number,
  namespace: number,
  key: string,
  taskId: TaskId,
  startBy: Instant | null,
];

// Two servers that are given tasks of one key do not know of each other's: so keys are locked, in one order, before they are looked at.
const lockKeys = statement(`
  SELECT pg_advisory_xact_lock(lock) FROM (
    SELECT DISTINCT hashtextextended(u.namespace || ' ' || u.key, $1::int4) AS lock
    FROM unnest($2::int4[], $3::text[]) AS u(namespace, key) ORDER BY 1) locks`);
const selectHolders = statement<HolderRow>(`
  SELECT u.seq, u.namespace, u.key, u.task_id, u.start_by
  FROM unnest($1::int4[], $2::text[], $3::int8[]) AS w(namespace, key, now)
    JOIN unique_claims u ON u.namespace = w.namespace AND u.key = w.key AND u.newest
  WHERE ${isHeldAt("w.now")}`);
const supersede = statement(`
  UPDATE unique_claims k SET newest = false FROM unnest($1::int4[], $2::text[]) AS u(namespace, key)
  WHERE k.namespace = u.namespace AND k.key = u.key AND k.newest`);
const insert = statement(`
  INSERT INTO unique_claims (seq, namespace, key, task_id, newest, claimed_at, keep_until, start_by)
  SELECT seq, namespace, key, task_id, true, claimed_at, keep_until, start_by
  FROM unnest($1::int8[], $2::int4[], $3::text[], $4::text[], $5::int8[], $6::int8[], $7::int8[])
    AS u(seq, namespace, key, task_id, claimed_at, keep_until, start_by)`);

type Asked = { readonly task: NewTask; readonly now: Instant };

const none: ReadonlySet<Asked> = new Set();

/**
 * Locks the keys that a batch claims, and answers those of it of whom it has to be looked who has their key: it is claimed already, or
 * another one of the batch comes before with it.
 */
export async function contestedOf<T extends Asked>(
  work: Work,
  entering: readonly T[],
): Promise<ReadonlySet<Asked>> {
  const unique = entering.filter(({ task }) => task.unique !== undefined);
  if (unique.length === 0) return none;
  const { db, queues } = work;
  for (const { task } of unique) await queues.makeNamespace(db, task.namespace);
  const spaceOf = ({ task }: Asked) => queues.namespaceId(task.namespace);
  const keys = [int4s(unique.map(spaceOf)), texts(unique.map(({ task }) => task.unique?.key))] as const;
  const [, rows] = await Promise.all([
    db.rows(lockKeys, work.lockClass, ...keys),
    db.rows(selectHolders, ...keys, int8s(unique.map(({ now }) => now))),
  ]);
  const claimed = new Set(rows.map(([, space, key]) => `${space} ${key}`));
  return new Set(
    unique.filter((each) => {
      const key = `${spaceOf(each)} ${each.task.unique?.key}`;
      const isContested = claimed.has(key);
      claimed.add(key);
      return isContested;
    }),
  );
}

/** Who has a key now; undefined while it is free. */
export async function holderOf(work: Work, task: NewTask, now: Instant): Promise<Holder | undefined> {
  const { db, queues } = work;
  const space = await queues.makeNamespace(db, task.namespace);
  const [row] = await db.rows(selectHolders, int4s([space]), texts([task.unique?.key]), int8s([now]));
  return row && { seq: row[0], taskId: row[3], startBy: row[4] ?? undefined };
}

type Stored = { readonly arrival: Arrival; readonly seq: number | undefined };

/** Tasks that were stored take the keys that they claim. */
export async function takeKeys({ db }: Work, stored: readonly Stored[]): Promise<void> {
  const unique = stored.filter(({ arrival }) => arrival.task.unique !== undefined);
  if (unique.length === 0) return;
  const wishes = unique.map(({ arrival }) => arrival.task.unique);
  const keys = [
    int4s(unique.map(({ arrival }) => arrival.queue.namespaceId)),
    texts(wishes.map((wish) => wish?.key)),
  ];
  await Promise.all([
    db.run(supersede, ...keys),
    db.run(
      insert,
      int8s(unique.map(({ seq }) => seq)),
      ...keys,
      texts(unique.map(({ arrival }) => arrival.task.id)),
      int8s(unique.map(({ arrival }) => arrival.now)),
      int8s(wishes.map((wish) => wish?.keepUntil)),
      int8s(wishes.map((wish) => wish?.startBy)),
    ),
  ]);
}
