import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { createJudge, type Judge } from "../judge.ts";
import { type HeadRow, headColumns, headOf } from "../sql/task-row.ts";
import { query } from "./files/connection.ts";
import { createAreNew, type FindHash } from "./find.ts";
import { headJoins } from "./head-joins.ts";
import { roomOf } from "./queue-entry.ts";
import type { Writing } from "./writing.ts";

/** Makes the judge of atomic batches as things are at a time. */
export function createJudgeAt(writing: Writing, findHash: FindHash): (now: Instant) => Judge {
  const { db, queues, claims, backlog } = writing;
  const areFree = createAreFree(writing);
  const select = query<HeadRow>(db, `SELECT ${headColumns} FROM tasks t ${headJoins} WHERE t.seq = ?`);
  const judgeAt = (now: Instant): Judge =>
    createJudge({
      hashOf: findHash,
      spaceRoom: (namespace) => queues.spaces.room(queues.spaces.make(namespace)),
      queueRoom({ namespace, queue }) {
        const found = queues.find(namespace, queue);
        return found && roomOf(found);
      },
      holderOf(namespace, key) {
        const space = queues.namespaceId(namespace);
        const holder = space === undefined ? undefined : claims.holderOf(space, key, now);
        if (holder === undefined) return undefined;
        const row = select.get(holder.seq);
        const bytes = backlog.bytesOf(queues.spaces.make(namespace), holder.seq);
        return { id: holder.taskId, head: row && headOf(row), bytes };
      },
    });
  return (now) => (tasks) => (areFree(tasks) ? undefined : judgeAt(now)(tasks));
}

/** Makes what tells whether nothing can be in the way of a batch: where all of it is for one queue, that is seen at one look. */
function createAreFree(writing: Writing): (tasks: readonly NewTask[]) => boolean {
  const { queues, backlog } = writing;
  const areNew = createAreNew(writing);
  return (tasks) => {
    const [first] = tasks;
    const queue = first && queues.find(first.namespace, first.queue);
    if (queue === undefined) return false;
    const areTogether = tasks.every(
      ({ namespace, queue: name, unique }) =>
        unique === undefined && name === first?.queue && namespace === first.namespace,
    );
    return areTogether && backlog.refusalOf(queue, tasks) === undefined && areNew(tasks);
  };
}
