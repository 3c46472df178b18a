import type { Instant, Namespace } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { AcceptVerdict } from "../../ports/task-store.ts";
import { createJudge, type Holder } from "../judge.ts";
import { queueLives } from "../sql/space-rows.ts";
import { texts } from "./arrays.ts";
import { quotaBytesOf } from "./backlog.ts";
import { contestedOf, holderOf } from "./claims.ts";
import { findHashes, placeOf } from "./find-hashes.ts";
import { homeOf } from "./open-queue.ts";
import type { SpaceRef } from "./rooms.ts";
import { createRows } from "./rows.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

const countQueues = statement<[namespace: Namespace, count: number]>(`
  SELECT n.name, count(*) FROM namespaces n JOIN queues q ON q.namespace = n.id
  WHERE n.name = ANY ($1::text[]) AND q.life <> ${queueLives.code("deleted")} GROUP BY n.name`);

/** What an atomic batch gets when it is refused; undefined when all of it can be stored. All that the judge asks is read before. */
export async function judge(
  work: Work,
  tasks: readonly NewTask[],
  now: Instant,
): Promise<readonly AcceptVerdict[] | undefined> {
  const { db, queues, rooms } = work;
  await queues.load(db, tasks);
  for (const { namespace } of tasks) await queues.makeNamespace(db, namespace);
  const homes = tasks.flatMap((task) => homeOf(work, task) ?? []);
  await rooms.load([...new Set(homes)], spacesOf(work, tasks));
  await contestedOf(
    work,
    tasks.map((task) => ({ task, now })),
  );
  const hashes = await findHashes(work, tasks);
  const counts = new Map(await db.rows(countQueues, texts(tasks.map(({ namespace }) => namespace))));
  const holders = await holdersOf(work, tasks, now);
  return createJudge({
    hashOf: (ref) => hashes.get(placeOf(ref)),
    spaceRoom: (namespace) => rooms.space(namespace, counts.get(namespace) ?? 0),
    queueRoom(task) {
      const queue = homeOf(work, task);
      return queue && rooms.queue(queue);
    },
    holderOf: (namespace, key) => holders.get(`${namespace} ${key}`),
  })(tasks);
}

const spacesOf = ({ queues }: Work, tasks: readonly NewTask[]): readonly SpaceRef[] =>
  [...new Set(tasks.map(({ namespace }) => namespace))].flatMap((name) => {
    const id = queues.namespaceId(name);
    return id === undefined ? [] : { name, id };
  });

async function holdersOf(
  work: Work,
  tasks: readonly NewTask[],
  now: Instant,
): Promise<ReadonlyMap<string, Holder>> {
  const holders = new Map<string, Holder>();
  const rows = createRows(work);
  for (const task of tasks) {
    const holder = task.unique && (await holderOf(work, task, now));
    if (!holder) continue;
    const [row] = await rows.lockSeqs([holder.seq]);
    const bytes = (await quotaBytesOf(work.db, [holder.seq])).get(holder.seq) ?? 0;
    holders.set(`${task.namespace} ${task.unique?.key}`, { id: holder.taskId, head: row?.head, bytes });
  }
  return holders;
}
