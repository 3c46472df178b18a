import type { AttemptRecord } from "../../model/attempt.ts";
import type { Replay } from "../../model/dead-letter.ts";
import type { Instant, TaskId, TaskRef } from "../../model/ids.ts";
import type { ReplayNote } from "../../ports/admin-store.ts";
import { type AttemptRow, attemptColumns, attemptOf } from "../sql/attempt-row.ts";
import { int4s, int8s, texts } from "./arrays.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

const selectAttempts = statement<AttemptRow>(`
  SELECT ${attemptColumns}
  FROM namespaces n JOIN contents c ON c.namespace = n.id JOIN attempts a ON a.seq = c.seq
  WHERE n.name = $1 AND c.id = $2 ORDER BY a.revision`);

/** The attempts of a task that ended badly, oldest first. */
export async function readAttempts(
  db: Session,
  { namespace, id }: TaskRef,
): Promise<readonly AttemptRecord[]> {
  const rows = await db.rows(selectAttempts, namespace, id);
  return rows.map(attemptOf);
}

const upsertReplays = statement(`
  INSERT INTO replays (seq, task_id, replayed_at)
  SELECT DISTINCT ON (t.seq) t.seq, u.task_id, u.replayed_at
  FROM unnest($1::int4[], $2::text[], $3::text[], $4::int8[]) WITH ORDINALITY AS u(namespace, id, task_id, replayed_at, at)
    JOIN contents c ON c.namespace = u.namespace AND c.id = u.id JOIN tasks t ON t.seq = c.seq
  ORDER BY t.seq, u.at DESC
  ON CONFLICT (seq) DO UPDATE SET task_id = excluded.task_id, replayed_at = excluded.replayed_at`);

/** Notes which tasks replay others, the last of them for each. */
export async function noteReplays({ db, queues }: Work, notes: readonly ReplayNote[]): Promise<void> {
  await queues.loadNamespaces(
    db,
    notes.map(({ ref }) => ref.namespace),
  );
  const known = notes.filter(({ ref }) => queues.namespaceId(ref.namespace) !== undefined);
  await db.run(
    upsertReplays,
    int4s(known.map(({ ref }) => queues.namespaceId(ref.namespace))),
    texts(known.map(({ ref }) => ref.id)),
    texts(known.map(({ replay }) => replay.taskId)),
    int8s(known.map(({ replay }) => replay.at)),
  );
}

const selectReplays = statement<[at: number, taskId: TaskId, replayedAt: Instant]>(`
  SELECT u.at, r.task_id, r.replayed_at FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(namespace, id, at)
    JOIN namespaces n ON n.name = u.namespace JOIN contents c ON c.namespace = n.id AND c.id = u.id
    JOIN replays r ON r.seq = c.seq`);

/** How tasks were replayed, in the order asked. */
export async function readReplays(
  db: Session,
  refs: readonly TaskRef[],
): Promise<readonly (Replay | undefined)[]> {
  const columns = [texts(refs.map(({ namespace }) => namespace)), texts(refs.map(({ id }) => id))];
  const rows = await db.rows(selectReplays, ...columns);
  const found = new Map(rows.map(([place, taskId, at]) => [place, { taskId, at }]));
  return refs.map((_, at) => found.get(at + 1));
}
