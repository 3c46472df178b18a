import type { QueueRef } from "../../model/ids.ts";
import type { PriorityCounts } from "../../model/priority-depth.ts";
import { stateCode } from "../sql/codes.ts";
import { queueLives } from "../sql/space-rows.ts";
import { type Session, statement } from "./session.ts";

const selectQueue = statement<[id: number, ready: number]>(`
  SELECT q.id, (SELECT coalesce(sum(d.ready), 0)::int8 FROM depths d WHERE d.queue = q.id)
  FROM namespaces n JOIN queues q ON q.namespace = n.id
  WHERE n.name = $1 AND q.name = $2 AND q.life <> ${queueLives.code("deleted")}`);
const countFree = statement<[priority: number, count: number]>(`
  SELECT p.priority, (SELECT count(*) FROM (
    SELECT FROM tasks t WHERE t.queue = $1 AND t.state = ${stateCode.ready} AND t.tied IS NULL AND t.priority = p.priority LIMIT $2) f)
  FROM generate_series(0, 9) AS p(priority)`);
const countTied = statement<[priority: number, count: number]>(`
  SELECT priority, count(*) FROM (
    SELECT x.priority FROM ties x WHERE x.queue = $1 AND x.state = ${stateCode.ready} LIMIT $2) tied GROUP BY priority`);

/**
 * How many ready tasks of a queue have which priority, in a session that sees one moment. Those that are free are counted in their index,
 * priority by priority; those that are tied as they come, so that beyond the bound nothing is known of any priority.
 */
export async function readPriorities(
  db: Session,
  { namespace, queue }: QueueRef,
  countMax: number,
): Promise<PriorityCounts> {
  const [row] = await db.rows(selectQueue, namespace, queue);
  if (row === undefined) return { ready: 0, counts: [] };
  const [id, ready] = row;
  const free = new Map(await db.rows(countFree, id, countMax + 1));
  const tied = new Map(await db.rows(countTied, id, countMax + 1));
  const isTiedMore = [...tied.values()].reduce((sum, count) => sum + count, 0) > countMax;
  const counts = [...free.keys()]
    .filter((priority) => isTiedMore || (free.get(priority) ?? 0) > 0 || tied.has(priority))
    .sort((a, b) => b - a)
    .map((priority) => {
      const own = free.get(priority) ?? 0;
      return { priority, ready: own + (tied.get(priority) ?? 0), isMore: isTiedMore || own > countMax };
    });
  return { ready, counts };
}
