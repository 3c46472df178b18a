import type { Namespace } from "../../model/ids.ts";
import {
  type NamespaceRecord,
  type NamespaceUse,
  newNamespace,
  unsaidNamespace,
} from "../../model/namespace.ts";
import type { NamespaceOpening } from "../../ports/namespace-store.ts";
import { queueLives, type RecordRow, recordColumns, recordColumnsOf, recordOf } from "../sql/space-rows.ts";
import { countBacklog } from "./backlog.ts";
import { holdSchedules } from "./hold-schedules.ts";
import { raiseRules } from "./rules.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

const selectRecords = statement<RecordRow>(
  `SELECT ${recordColumns} FROM namespaces WHERE revision > 0 ORDER BY name`,
);
const selectRecord = statement<RecordRow>(
  `SELECT ${recordColumns} FROM namespaces WHERE name = $1 AND revision > 0`,
);
const update = statement(`
  UPDATE namespaces SET description = $1, queue_creation = $2, queues_max = $3, backlog_tasks_max = $4, backlog_bytes_max = $5,
    state = $6, reason = $7, created_at = $8, revision = $9 WHERE id = $10`);

async function put({ db, queues }: Work, record: NamespaceRecord): Promise<number> {
  const id = await queues.makeNamespace(db, record.name);
  await db.run(update, ...recordColumnsOf(record), id);
  await holdSchedules(db, id, record.state !== "active");
  await raiseRules(db);
  return id;
}

/** All records by name. */
export const listRecords = async (db: Session): Promise<readonly NamespaceRecord[]> =>
  (await db.rows(selectRecords)).map(recordOf);

/** Makes records of names that have none, and answers all. */
export async function makeRecords(
  work: Work,
  { names, now }: Pick<NamespaceOpening, "names" | "now">,
): Promise<readonly NamespaceRecord[]> {
  const known = new Set((await listRecords(work.db)).map(({ name }) => name));
  for (const name of new Set(names))
    if (!known.has(name)) await put(work, newNamespace(name, unsaidNamespace, now));
  return listRecords(work.db);
}

/** Makes a record. */
export async function createNamespace(work: Work, record: NamespaceRecord): Promise<"done" | "exists"> {
  const [found] = await work.db.rows(selectRecord, record.name);
  if (found !== undefined) return "exists";
  const id = await put(work, record);
  if (record.settings.quotas.backlogBytes !== undefined) await countBacklog(work.db, id, work.slot);
  return "done";
}

/** Puts a record in the place of that of the revision before it. */
export async function updateNamespace(work: Work, record: NamespaceRecord): Promise<"done" | "conflict"> {
  const [found] = await work.db.rows(selectRecord, record.name);
  const before = found && recordOf(found);
  if (before === undefined || before.revision !== record.revision - 1) return "conflict";
  const id = await put(work, record);
  const wasCounted = before.settings.quotas.backlogBytes !== undefined;
  if (record.settings.quotas.backlogBytes !== undefined && !wasCounted)
    await countBacklog(work.db, id, work.slot);
  return "done";
}

const selectUse = statement<[queues: number, tasks: number, bytes: number | null]>(`
  SELECT (SELECT count(*) FROM queues q WHERE q.namespace = n.id AND q.life <> ${queueLives.code("deleted")}),
    (SELECT coalesce(sum(d.scheduled + d.ready + d.leased), 0)::int8 FROM queues q JOIN depths d ON d.queue = q.id
      WHERE q.namespace = n.id),
    CASE WHEN n.backlog_bytes_max IS NOT NULL THEN
      (SELECT coalesce(sum(b.bytes), 0)::int8 FROM backlogs b WHERE b.namespace = n.id) END
  FROM namespaces n WHERE n.name = $1`);

/** How much is in a namespace. */
export async function readNamespaceUse(db: Session, namespace: Namespace): Promise<NamespaceUse> {
  const [[queues, backlogTasks, bytes] = [0, 0, null]] = await db.rows(selectUse, namespace);
  return { queues, backlogTasks, backlogBytes: bytes ?? undefined };
}
