import { quotaBytes } from "../../model/continuation.ts";
import type { Namespace } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { bytesOfLinks } from "../sql/links-text.ts";
import { int4s, int8s } from "./arrays.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Rules } from "./rules.ts";
import { type Session, statement } from "./session.ts";

/**
 * How many bytes of content have not ended, those of links among them, in namespaces that have a quota for them, as far as one transaction changes that. Elsewhere
 * nobody counts them.
 */
export type Backlog = {
  /** A task came. */
  came(queue: QueueEntry, task: NewTask): void;
  /** What a task that waits says is so many bytes longer. */
  grows(queue: QueueEntry, moreBytes: number): void;
  /** A task has ended. How long its content is, is looked up later, with all others'. */
  ended(queue: QueueEntry, seq: number): void;
  /** Looks up what has ended so far, before it may be removed, or a decision is made on it. */
  look(db: Session): Promise<void>;
  /** By how much a namespace has grown, as far as it was looked up. */
  pending(namespace: Namespace): number;
  /** Writes it, inside the transaction. */
  write(db: Session, slot: number): Promise<void>;
};

const selectSaid = statement<[seq: number, bytes: number, links: string | null]>(`
  SELECT c.seq, length(c.content), l.links FROM contents c LEFT JOIN links l ON l.seq = c.seq
  WHERE c.seq = ANY ($1::int8[])`);
const upsert = statement(`
  INSERT INTO backlogs AS b (namespace, slot, bytes) SELECT u.namespace, $1::int2, u.bytes
  FROM unnest($2::int4[], $3::int8[]) AS u(namespace, bytes)
  ON CONFLICT (namespace, slot) DO UPDATE SET bytes = b.bytes + excluded.bytes`);
const clear = statement("DELETE FROM backlogs WHERE namespace = $1");
const selectLinks = statement<[links: string]>(
  "SELECT l.links FROM links l JOIN tasks t ON t.seq = l.seq WHERE t.namespace = $1 AND t.state <= 2",
);
const count = statement(`
  INSERT INTO backlogs (namespace, slot, bytes)
  SELECT $1::int4, $2::int2, $3::int8 + coalesce(sum(length(c.content)), 0)
  FROM tasks t JOIN contents c ON c.seq = t.seq WHERE t.namespace = $1 AND t.state <= 2`);

/** How many bytes tasks that are there count, by their numbers. */
export async function quotaBytesOf(
  db: Session,
  seqs: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const rows = await db.rows(selectSaid, int8s(seqs));
  return new Map(rows.map(([seq, bytes, links]) => [seq, bytes + bytesOfLinks(links)]));
}

/** Makes an empty one. */
export function createBacklog(rules: Rules): Backlog {
  const moved = new Map<Namespace, { readonly id: number; bytes: number }>();
  let ended: { readonly queue: QueueEntry; readonly seq: number }[] = [];
  const isCounted = ({ namespace }: QueueEntry): boolean =>
    rules.spaces.get(namespace)?.settings.quotas.backlogBytes !== undefined;

  function move({ namespace, namespaceId }: QueueEntry, bytes: number): void {
    const entry = moved.get(namespace) ?? { id: namespaceId, bytes: 0 };
    entry.bytes += bytes;
    moved.set(namespace, entry);
  }

  async function look(db: Session): Promise<void> {
    if (ended.length === 0) return;
    const gone = ended;
    ended = [];
    const bytes = await quotaBytesOf(
      db,
      gone.map(({ seq }) => seq),
    );
    for (const { queue, seq } of gone) move(queue, -(bytes.get(seq) ?? 0));
  }

  return {
    came(queue, task) {
      if (isCounted(queue)) move(queue, quotaBytes(task));
    },
    grows(queue, moreBytes) {
      if (isCounted(queue)) move(queue, moreBytes);
    },
    ended(queue, seq) {
      if (isCounted(queue)) ended.push({ queue, seq });
    },
    look,
    pending: (namespace) => moved.get(namespace)?.bytes ?? 0,
    async write(db, slot) {
      await look(db);
      const rows = [...moved.values()].filter(({ bytes }) => bytes !== 0).sort((a, b) => a.id - b.id);
      if (rows.length === 0) return;
      await db.run(upsert, slot, int4s(rows.map(({ id }) => id)), int8s(rows.map(({ bytes }) => bytes)));
    },
  };
}

/** Counts what is in a namespace, because a quota was set. Alone: nothing comes and nothing ends meanwhile. */
export async function countBacklog(db: Session, namespace: number, slot: number): Promise<void> {
  await db.run(clear, namespace);
  const links = await db.rows(selectLinks, namespace);
  const linked = links.reduce((sum, [text]) => sum + bytesOfLinks(text), 0);
  await db.run(count, namespace, slot, linked);
}
