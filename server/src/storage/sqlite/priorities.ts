import type { QueueRef } from "../../model/ids.ts";
import type { PriorityCounts } from "../../model/priority-depth.ts";
import { stateCode } from "../sql/codes.ts";
import { queueLives } from "../sql/space-rows.ts";
import { type Database, query } from "./files/connection.ts";

/**
 * Makes readPriorities: how many ready tasks have which priority. Those that are free are counted in their index, priority by priority;
 * those that are tied as they come, so that beyond the bound nothing is known of any priority.
 */
export function createReadPriorities(db: Database): (ref: QueueRef, countMax: number) => PriorityCounts {
  const selectQueue = query<[id: number, ready: number]>(
    db,
    `SELECT q.id, q.ready FROM namespaces n CROSS JOIN queues q ON q.namespace = n.id
     WHERE n.name = ? AND q.name = ? AND q.life <> ${queueLives.code("deleted")}`,
  );
  const prioritiesOf = createPriorities(db);
  const countFree = query<[number]>(
    db,
    `SELECT count(*) FROM (
       SELECT 1 FROM tasks INDEXED BY tasks_ready
       WHERE queue = ? AND state = ${stateCode.ready} AND tied IS NULL AND priority = ? LIMIT ?)`,
  );
  const countTied = query<[priority: number, count: number]>(
    db,
    `SELECT priority, count(*) FROM (
       SELECT priority FROM ties INDEXED BY ties_queue WHERE queue = ? AND state = ${stateCode.ready} LIMIT ?)
     GROUP BY priority`,
  );
  return ({ namespace, queue }, countMax) => {
    const [id, ready] = selectQueue.get(namespace, queue) ?? [];
    if (id === undefined || ready === undefined) return { ready: 0, counts: [] };
    const tied = new Map(countTied.all(id, countMax + 1));
    const isTiedMore = [...tied.values()].reduce((sum, count) => sum + count, 0) > countMax;
    const known = new Set([...prioritiesOf(id), ...tied.keys(), ...(isTiedMore ? allPriorities : [])]);
    const counts = [...known]
      .sort((a, b) => b - a)
      .map((priority) => {
        const free = countFree.get(id, priority, countMax + 1)?.[0] ?? 0;
        return { priority, ready: free + (tied.get(priority) ?? 0), isMore: isTiedMore || free > countMax };
      });
    return { ready, counts };
  };
}

const allPriorities = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0];

/** Makes a look at which priorities the ready tasks of a queue that are not tied have, highest first: one step into the index for each. */
export function createPriorities(db: Database): (queue: number) => number[] {
  const next = query<[number]>(
    db,
    `SELECT priority FROM tasks INDEXED BY tasks_ready
     WHERE queue = ? AND state = ${stateCode.ready} AND tied IS NULL AND priority < ? ORDER BY priority DESC LIMIT 1`,
  );
  return (queue) => {
    const found: number[] = [];
    let below = Number.MAX_SAFE_INTEGER;
    for (let row = next.get(queue, below); row !== undefined; row = next.get(queue, below)) {
      [below] = row;
      found.push(below);
    }
    return found;
  };
}
