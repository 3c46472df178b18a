import { type Refusal, refusalToEnter, refusalToRewrite } from "../../model/admission.ts";
import { quotaBytes } from "../../model/continuation.ts";
import type { NewTask } from "../../model/task.ts";
import { stateCode } from "../sql/codes.ts";
import { bytesOfLinks } from "../sql/links-text.ts";
import { command, type Database, query } from "./files/connection.ts";
import type { SpaceEntry } from "./queue-entry.ts";
import { backlogOf, type QueueEntry, roomOf } from "./queue-entry.ts";
import type { QueueRegistry } from "./queue-registry.ts";

/**
 * How much of each namespace has not ended, in bytes of content: what producers said, of links, too. Counted only in namespaces that have a quota for it:
 * there a task's end costs one look at its content more, elsewhere nothing. The number of tasks needs no counting, the queues' own counts
 * say it.
 */
export type Backlog = {
  /** Why tasks may not come into a queue, all of them together; undefined: they may. */
  refusalOf(queue: QueueEntry, tasks: readonly NewTask[]): Refusal | undefined;
  /** Why a task may not be written over the one of a number, which waits in a queue; undefined: it may. */
  refusalToRewrite(queue: QueueEntry, seq: number, task: NewTask): Refusal | undefined;
  /** These came. */
  came(queue: QueueEntry, tasks: readonly NewTask[]): void;
  /** This one has ended. Its content and its links are there. */
  ended(queue: QueueEntry, seq: number): void;
  /** How many bytes a task that is there counts; 0 where nobody counts them. */
  bytesOf(space: SpaceEntry, seq: number): number;
  /** What a task that waits says is about to be so many bytes longer. */
  grows(queue: QueueEntry, moreBytes: number): void;
  /** Counts what is there, because a quota was set. */
  begin(space: SpaceEntry): void;
  /** Writes it down, inside the transaction. */
  write(): void;
  /** Forgets what is not written; the namespaces are read again by their registry. */
  discard(): void;
};

/** Makes it. */
export function createBacklog(db: Database, { spaces }: QueueRegistry): Backlog {
  const touched = new Set<SpaceEntry>();
  const select = query<[bytes: number, links: string | null]>(
    db,
    "SELECT length(c.content), l.links FROM contents c LEFT JOIN links l ON l.seq = c.seq WHERE c.seq = ?",
  );
  const update = command(db, "UPDATE namespaces SET backlog_bytes = backlog_bytes + ? WHERE id = ?");
  const set = command(db, "UPDATE namespaces SET backlog_bytes = ? WHERE id = ?");
  const count = createCount(db);

  function move(space: SpaceEntry, bytes: number): void {
    space.backlogBytes += bytes;
    space.movedBytes += bytes;
    touched.add(space);
  }

  function bytesOf(space: SpaceEntry, seq: number): number {
    const [bytes = 0, links = null] = (isCounted(space) ? select.get(seq) : undefined) ?? [];
    return bytes + bytesOfLinks(links);
  }

  return {
    refusalOf(queue, tasks) {
      const { space, settings, life } = queue;
      const { backlogMax, isClosed } = settings;
      if (space.isUnbounded && backlogMax === undefined && !isClosed && life === "there") return undefined;
      return refusalToEnter(spaces.room(space), roomOf(queue), {
        tasks: tasks.length,
        bytes: bytesOfAll(tasks),
      });
    },
    refusalToRewrite(queue, seq, task) {
      const moreBytes = quotaBytes(task) - bytesOf(queue.space, seq);
      return refusalToRewrite(spaces.room(queue.space), roomOf(queue), moreBytes);
    },
    came: ({ space }, tasks) => void (isCounted(space) && move(space, bytesOfAll(tasks))),
    ended: ({ space }, seq) => void (isCounted(space) && move(space, -bytesOf(space, seq))),
    bytesOf,
    grows: ({ space }, moreBytes) => void (isCounted(space) && move(space, moreBytes)),
    begin(space) {
      space.backlogBytes = count(space);
      space.movedBytes = 0;
      set(space.backlogBytes, space.id);
    },
    write() {
      for (const space of touched) {
        if (space.movedBytes !== 0) update(space.movedBytes, space.id);
        space.movedBytes = 0;
      }
      touched.clear();
    },
    discard: () => touched.clear(),
  };
}

const isCounted = ({ record }: SpaceEntry): boolean => record?.settings.quotas.backlogBytes !== undefined;

const bytesOfAll = (tasks: readonly NewTask[]): number =>
  tasks.reduce((sum, task) => sum + quotaBytes(task), 0);

/** Goes through the queues that have something, by the indexes of what has not ended. */
function createCount(db: Database): (space: SpaceEntry) => number {
  const bytes = "coalesce(sum(length(c.content)), 0)";
  const contents = "CROSS JOIN contents c ON c.seq = t.seq";
  const ready = query<[number]>(
    db,
    `SELECT ${bytes} FROM tasks t INDEXED BY tasks_ready ${contents}
     WHERE t.queue = ? AND t.state = ${stateCode.ready} AND t.tied IS NULL`,
  );
  const tied = query<[number]>(
    db,
    `SELECT ${bytes} FROM ties t INDEXED BY ties_queue ${contents} WHERE t.queue = ? AND t.state = ${stateCode.ready}`,
  );
  const scheduled = query<[number]>(
    db,
    `SELECT ${bytes} FROM tasks t INDEXED BY tasks_scheduled ${contents} WHERE t.queue = ? AND t.state = ${stateCode.scheduled}`,
  );
  const leased = query<[number]>(
    db,
    `SELECT ${bytes} FROM tasks t INDEXED BY tasks_timer CROSS JOIN queues q ON q.id = t.queue ${contents}
     WHERE t.state = ${stateCode.leased} AND t.state <> ${stateCode.ready} AND q.namespace = ?`,
  );
  const links = query<[links: string]>(
    db,
    `SELECT l.links FROM links l CROSS JOIN tasks t ON t.seq = l.seq CROSS JOIN queues q ON q.id = t.queue
     WHERE t.state <= ${stateCode.leased} AND q.namespace = ?`,
  );
  return ({ id, queues }) => {
    let sum = leased.get(id)?.[0] ?? 0;
    for (const [text] of links.all(id)) sum += bytesOfLinks(text);
    for (const queue of queues.values())
      if (backlogOf(queue.depth) > 0)
        for (const waiting of [ready, tied, scheduled]) sum += waiting.get(queue.id)?.[0] ?? 0;
    return sum;
  };
}
