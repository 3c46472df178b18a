import type { Instant, Namespace, TaskId, TaskRef } from "../../model/ids.ts";
import { isTerminal } from "../../model/task.ts";
import { transition } from "../../model/task-machine.ts";
import type { Revocation, RevocationPage, RevokeVerdict } from "../../ports/admin-store.ts";
import { type RevocationRow, revocationColumns, revocationOf } from "../sql/revocation-row.ts";
import { texts } from "./arrays.ts";
import { createRows } from "./rows.ts";
import { raiseRules } from "./rules.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";
import { writeRows } from "./write-rows.ts";

const selectKnown = statement<[id: TaskId, gone: boolean]>(
  "SELECT id, gone_at IS NOT NULL FROM contents WHERE namespace = $1 AND id = ANY ($2::text[])",
);
const count = statement<[number]>("SELECT count(*) FROM revocations WHERE namespace = $1");
const has = statement<[boolean]>("SELECT EXISTS (SELECT FROM revocations WHERE namespace = $1 AND id = $2)");
const drop = statement("DELETE FROM revocations WHERE until <= $1");
const put = statement(`
  INSERT INTO revocations (namespace, id, reason, requester, requested_at, until) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (namespace, id) DO UPDATE SET reason = excluded.reason, requester = excluded.requester,
    requested_at = excluded.requested_at, until = excluded.until`);

/**
 * Notes ids that are to be cancelled when they come. Alone: no server is between having looked for revoked ids and having stored a
 * task, and from then on all of them look.
 */
export async function revoke(
  work: Work,
  asked: readonly Revocation[],
  now: Instant,
): Promise<readonly RevokeVerdict[]> {
  const verdicts: RevokeVerdict[] = [];
  for (const each of asked) verdicts.push(await revokeOne(work, each, now));
  if (verdicts.includes("noted")) await raiseRules(work.db);
  return verdicts;
}

async function revokeOne(
  { db, queues, limits }: Work,
  { ref, cancel, until }: Revocation,
  now: Instant,
): Promise<RevokeVerdict> {
  const space = await queues.makeNamespace(db, ref.namespace);
  const [known] = await db.rows(selectKnown, space, texts([ref.id]));
  if (known !== undefined) return known[1] ? "gone" : "known";
  const isFull = async () => ((await db.rows(count, space))[0]?.[0] ?? 0) >= limits.revocationsMax;
  const isThere = (await db.rows(has, space, ref.id))[0]?.[0] ?? false;
  if (!isThere && (await isFull())) {
    await pruneRevocations({ db }, now);
    if (await isFull()) return "limit";
  }
  await db.run(put, space, ref.id, cancel.reason, cancel.requester ?? null, cancel.at, until);
  return "noted";
}

/** Forgets those whose time is over. */
export const pruneRevocations = ({ db }: Pick<Work, "db">, now: Instant): Promise<number> =>
  db.run(drop, now);

type RevokedRow = readonly [
  id: TaskId,
  reason: string,
  requester: string | null,
  at: Instant,
  until: Instant,
];
const take = statement<RevokedRow>(`
  DELETE FROM revocations WHERE namespace = $1 AND id = ANY ($2::text[]) RETURNING id, reason, requester, requested_at, until`);

type Accepted = { readonly task: TaskRef; readonly now: Instant };

/** Cancels tasks of a batch whose ids were revoked before they came; a look is taken only where there are such ids. */
export async function cancelRevoked(work: Work, accepted: readonly Accepted[]): Promise<void> {
  const { db, queues, rules } = work;
  if (rules.revokedSpaces.size === 0) return;
  for (const [namespace, own] of Map.groupBy(accepted, ({ task }) => task.namespace)) {
    const space = queues.namespaceId(namespace);
    if (space === undefined || !rules.revokedSpaces.has(space)) continue;
    const stored = await db.rows(selectKnown, space, texts(own.map(({ task }) => task.id)));
    const ids = stored.filter(([, isGone]) => !isGone).map(([id]) => id);
    const revoked = new Map((await db.rows(take, space, texts(ids))).map((row) => [row[0], row]));
    const rows = createRows(work);
    const hit = own.filter(({ task }) => revoked.has(task.id));
    const locked = await rows.lock(hit.map(({ task }) => task));
    for (const [at, { task, now }] of hit.entries()) {
      const [row, entry] = [locked[at], revoked.get(task.id)];
      if (row === undefined || entry === undefined || entry[4] <= now || isTerminal(row.head.state)) continue;
      const cancel = { reason: entry[1], requester: entry[2] ?? undefined, at: entry[3] };
      const change = transition(row.head, { kind: "cancel", cancel }, now);
      if (change) rows.change(row, { change, now });
    }
    await writeRows(work, rows);
  }
}

const selectSome = statement<RevocationRow>(`
  SELECT ${revocationColumns} FROM namespaces n JOIN revocations r ON r.namespace = n.id
  WHERE n.name = $1 AND r.id > $2 AND r.until > $3 ORDER BY r.id LIMIT $4`);
const withdraw = statement<[id: TaskId]>(`
  DELETE FROM revocations r USING namespaces n
  WHERE n.name = $1 AND r.namespace = n.id AND r.id = ANY ($2::text[]) AND r.until > $3 RETURNING r.id`);

/** Revocations of a namespace whose time is not over, by id. */
export const listRevocations = async (
  db: Session,
  { namespace, after, limit, now }: RevocationPage,
): Promise<readonly Revocation[]> =>
  (await db.rows(selectSome, namespace, after ?? "", now, limit)).map(revocationOf);

/** Takes revocations back; answers those that were there. That servers still look for them costs a look. */
export async function withdrawRevocations(
  { db }: Work,
  namespace: Namespace,
  ids: readonly TaskId[],
  now: Instant,
): Promise<readonly TaskId[]> {
  const gone = new Set((await db.rows(withdraw, namespace, texts(ids), now)).map(([id]) => id));
  // Each once.
  return ids.filter((id) => gone.delete(id));
}
