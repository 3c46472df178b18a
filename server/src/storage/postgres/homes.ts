import { newQueue, type Refusal, refusalToEnter } from "../../model/admission.ts";
import { quotaBytes } from "../../model/continuation.ts";
import type { Namespace } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { Entering } from "./entering.ts";
import { findHashes, type Hashes, knownAs } from "./find-hashes.ts";
import { homeOf, openQueue } from "./open-queue.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Work } from "./work.ts";

/** Where a task goes, or what it gets instead. */
export type Home = QueueEntry | { readonly verdict: "duplicate" | "exists" | Refusal };

/** What has been let in, and is not stored yet. */
type Waiting = {
  readonly queues: Map<QueueEntry, number>;
  readonly spaces: Map<Namespace, { readonly tasks: number; readonly bytes: number }>;
};

/**
 * A queue for each of some tasks of different ids; a queue that is new comes into being with its first. What is known gets what its id
 * gets, and is not refused. Where nothing is in the way, nothing is looked at.
 */
export async function homesFor(
  work: Work,
  run: readonly Entering[],
  isPromised: boolean,
): Promise<readonly Home[]> {
  const { rooms } = work;
  const isAsked = ({ task }: Entering): boolean => {
    const home = homeOf(work, task);
    return home === undefined || !(isPromised || rooms.isOpen(home));
  };
  const asked = new Set(run.filter(isAsked));
  if (asked.size === 0) return run.map(({ task }) => homeOf(work, task) as QueueEntry);
  const hashes = await lookFor(work, [...asked]);
  const waiting: Waiting = { queues: new Map(), spaces: new Map() };
  const homes: Home[] = [];
  for (const each of run) {
    const isFree = !asked.has(each);
    const home = isFree ? homeOf(work, each.task) : await askFor(work, each, { hashes, waiting, isPromised });
    if (home === undefined) throw new Error("a queue that was there is not");
    if (!("verdict" in home)) letIn(waiting, home, each.task);
    homes.push(home);
  }
  return homes;
}

/** Reads what is asked about tasks: whether they are known, and how much there is where they want to go. */
async function lookFor(work: Work, asked: readonly Entering[]): Promise<Hashes> {
  const { db, queues, rooms } = work;
  const hashes = await findHashes(
    work,
    asked.map(({ task }) => task),
  );
  const names = [...new Set(asked.map(({ task }) => task.namespace))];
  for (const name of names) await queues.makeNamespace(db, name);
  await rooms.load(
    [...new Set(asked.flatMap(({ task }) => homeOf(work, task) ?? []))],
    names.map((name) => ({ name, id: queues.namespaceId(name) ?? 0 })),
  );
  return hashes;
}

type Asking = { readonly hashes: Hashes; readonly waiting: Waiting; readonly isPromised: boolean };

async function askFor(
  work: Work,
  { task, now }: Entering,
  { hashes, waiting, isPromised }: Asking,
): Promise<Home> {
  const known = knownAs(hashes, task);
  if (known !== undefined) return { verdict: known };
  const refusal = (): Refusal | undefined => (isPromised ? undefined : refusalOf(work, task, waiting));
  const isThere = homeOf(work, task) !== undefined;
  const refused = isThere ? refusal() : undefined;
  if (refused !== undefined) return { verdict: refused };
  const queue = await openQueue(work, task, now, { making: isPromised ? "promised" : "use", refusal });
  return "refused" in queue ? { verdict: queue } : queue;
}

/** Why a task may not come in behind those that were let in. */
function refusalOf(work: Work, task: NewTask, waiting: Waiting): Refusal | undefined {
  const { rooms } = work;
  const queue = homeOf(work, task);
  const own = rooms.space(task.namespace);
  const came = waiting.spaces.get(task.namespace) ?? { tasks: 0, bytes: 0 };
  const space = {
    ...own,
    backlogTasks: own.backlogTasks + came.tasks,
    backlogBytes: own.backlogBytes + came.bytes,
  };
  const room = queue === undefined ? newQueue : rooms.queue(queue);
  const before = queue === undefined ? 0 : (waiting.queues.get(queue) ?? 0);
  return refusalToEnter(
    space,
    { ...room, backlogTasks: room.backlogTasks + before },
    { tasks: 1, bytes: quotaBytes(task) },
  );
}

function letIn({ queues, spaces }: Waiting, queue: QueueEntry, task: NewTask): void {
  const { namespace } = task;
  queues.set(queue, (queues.get(queue) ?? 0) + 1);
  const { tasks, bytes } = spaces.get(namespace) ?? { tasks: 0, bytes: 0 };
  spaces.set(namespace, { tasks: tasks + 1, bytes: bytes + quotaBytes(task) });
}
