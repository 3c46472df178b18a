import type { Instant, Namespace, QueueName } from "../../model/ids.ts";
import { int8s } from "./arrays.ts";
import { dropRecords } from "./drop-records.ts";
import { clearSchedules } from "./drop-schedules.ts";
import { purgeQueue } from "./purge.ts";
import { removeQueues } from "./queue-admin.ts";
import { raiseRules } from "./rules.ts";
import { statement } from "./session.ts";
import { dropShelves } from "./shelves.ts";
import type { Work } from "./work.ts";

const selectWaiting = statement<[queue: number]>(`
  SELECT q.id FROM queues q WHERE q.namespace = $1
    AND (SELECT sum(d.scheduled + d.ready) FROM depths d WHERE d.queue = q.id) > 0 ORDER BY q.id`);
const isLeased = statement<[boolean]>(`
  SELECT coalesce(sum(d.scheduled + d.ready + d.leased), 0) > 0 FROM queues q JOIN depths d ON d.queue = q.id WHERE q.namespace = $1`);
type Row = readonly [seq: number, queue: number | null, name: QueueName | null, state: number | null];
const selectRecords = statement<Row>(`
  SELECT c.seq, t.queue, q.name, t.state FROM contents c LEFT JOIN tasks t ON t.seq = c.seq LEFT JOIN queues q ON q.id = t.queue
  WHERE c.namespace = $1 LIMIT $2`);
// Nothing of a canvas comes any more when no task of its namespace is left.
const removeCanvases = ["members", "parts", "canvas_tags", "barriers"].map((table) =>
  statement(
    `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE namespace = $1 LIMIT $2))`,
  ),
);
const removeContents = statement("DELETE FROM contents WHERE seq = ANY ($1::int8[])");
const hasAny = statement<[boolean]>(`
  SELECT EXISTS (SELECT FROM contents WHERE namespace = $1) OR EXISTS (SELECT FROM schedules WHERE namespace = $1)`);

/** How far a namespace is that goes: more is to be done; leases are to end; only what belongs to no task is left. */
export type Cleared = "more" | "leased" | "empty";

/** Does a piece of the deletion of a namespace: schedules go, then what waits is cancelled; when nothing does, records are removed. */
export async function clearNamespace(
  work: Work,
  namespace: Namespace,
  now: Instant,
  limit: number,
): Promise<Cleared> {
  const { db, queues } = work;
  await queues.loadNamespaces(db, [namespace]);
  const space = queues.namespaceId(namespace);
  if (space === undefined) return "empty";
  // First: no slot of theirs starts anything while the rest goes.
  if ((await clearSchedules(work, { id: space, name: namespace }, limit)) > 0) return "more";
  let cancelled = 0;
  for (const [id] of await db.rows(selectWaiting, space))
    if (cancelled < limit) {
      const bounds = { upTo: Number.MAX_SAFE_INTEGER, now, limit: limit - cancelled };
      cancelled += await purgeQueue(work, { id }, bounds);
    }
  if (cancelled > 0) return "more";
  if ((await db.rows(isLeased, space))[0]?.[0]) return "leased";
  if ((await removeRecords(work, { id: space, name: namespace }, now, limit)) > 0) return "more";
  const removed = await Promise.all(removeCanvases.map((each) => db.run(each, space, limit)));
  return removed.some((count) => count > 0) ? "more" : "empty";
}

/** Without tombstones: the ids of a namespace that is gone are free. */
async function removeRecords(
  work: Work,
  space: { readonly id: number; readonly name: Namespace },
  now: Instant,
  limit: number,
): Promise<number> {
  const { db, queues } = work;
  const rows = await db.rows(selectRecords, space.id, limit);
  const records = rows.flatMap(([seq, id, name, state]) => {
    if (id === null || name === null || state === null) return [];
    const queue = queues.know({ id, namespaceId: space.id, namespace: space.name, name });
    return { seq, queue, state };
  });
  await dropRecords(work, records, now);
  if (rows.length > 0) await db.run(removeContents, int8s(rows.map(([seq]) => seq)));
  return rows.length;
}

const selectQueues = statement<[id: number]>("SELECT id FROM queues WHERE namespace = $1");
const ofQueues = "queue IN (SELECT id FROM queues WHERE namespace = $1)";
const drops = [
  ...["unique_claims", "revocations", "limits", "backlogs"].map(
    (table) => `DELETE FROM ${table} WHERE namespace = $1`,
  ),
  ...["turns", "queue_events", "queue_event_heads"].map((table) => `DELETE FROM ${table} WHERE ${ofQueues}`),
].map((text) => statement(text));
const removeSpace = statement("DELETE FROM namespaces WHERE id = $1");

/**
 * Removes what is left of a namespace when no task is. Alone: everybody forgets its number. Its events name queues that are not there,
 * and are passed over. False: something has come meanwhile.
 */
export async function removeNamespace(work: Work, namespace: Namespace): Promise<boolean> {
  const { db, queues } = work;
  await queues.loadNamespaces(db, [namespace]);
  const space = queues.namespaceId(namespace);
  if (space === undefined) return true;
  const [[isAny] = [false]] = await db.rows(hasAny, space);
  if (isAny) return false;
  for (const each of drops) await db.run(each, space);
  await dropShelves(db, space);
  const ids = (await db.rows(selectQueues, space)).map(([id]) => id);
  if (ids.length > 0) await removeQueues(db, ids);
  await db.run(removeSpace, space);
  await raiseRules(db);
  return true;
}
