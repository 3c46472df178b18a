/** What a retried canvas starts with, and what follows that. */

import type { KeptMember, NewBarrier, NewCanvas, Part, PartTask } from "../model/canvas.ts";
import { endOf, endOfTask } from "../model/canvas-end.ts";
import { withNewLinks } from "../model/continuation.ts";
import { type Instant, partIdOf, type TaskId } from "../model/ids.ts";
import type { Left } from "../model/node-end.ts";
import { handed } from "../model/part-start.ts";
import { StemProblem } from "../model/problem.ts";
import type { Task } from "../model/task.ts";
import { claimAgain } from "../model/unique.ts";
import type { CanvasReader } from "../ports/canvas-reader.ts";
import type { TaskStore } from "../ports/task-store.ts";
import type { Node, Remains } from "./remains.ts";
import type { Renaming } from "./renaming.ts";
import { findUnmade, nextOf, readAll, readFollowing } from "./retry-parts.ts";
import { lastOf, type Plan } from "./retry-plan.ts";

/** What of a canvas a retry makes, and which tasks run again as which. */
export type Restart = Pick<NewCanvas, "root" | "start" | "parts" | "ended"> & {
  readonly again: readonly { readonly of: Task; readonly id: TaskId }[];
};

/** What making it needs. */
export type RestartDeps = {
  readonly store: Pick<CanvasReader, "readParts"> & Pick<TaskStore, "read">;
  readonly renaming: Renaming;
  readonly now: Instant;
};

/** What goes on, and after what; undefined: after nothing. */
type Resumed = { readonly part: Pick<Part, "tasks" | "barriers">; readonly after: Node | undefined };

/** Makes it. */
export async function restartOf(
  { store, renaming, now }: RestartDeps,
  { root: { namespace, canvas }, nodes }: Remains,
  plan: Plan,
): Promise<Restart> {
  const source = { store, namespace, canvas };
  const { kept, resumed } = goingOn(plan, await readAll(source, nextsOf(plan)));
  for (const { task, after } of await findUnmade(source, plan.missing, nodes))
    resumed.push({ part: { tasks: [task], barriers: [] }, after });

  const again = await readTasks(store, plan.again);
  const handedOn = await leavings(store, resumed, now);
  const [root, ...inner] = plan.barriers.map(renaming.barrier);
  if (root === undefined) throw new Error("a canvas has no barrier");
  const start = {
    id: partIdOf(""),
    barriers: [
      ...inner,
      ...resumed.flatMap(({ part }) => part.barriers.map((one): NewBarrier => renaming.barrier(one))),
    ],
    tasks: [
      ...again.map((task) => remade(task, renaming, now)),
      ...resumed.flatMap(({ part, after }) =>
        part.tasks.map((task) => asking(resumedTask(task, after && handedOn.get(after), renaming))),
      ),
    ],
  };
  const following = [
    ...[...plan.barriers, ...again].map(({ next }) => next),
    ...resumed.flatMap(({ part }) => nextOf(part)),
  ];
  const parts = [...(await readFollowing(source, following)).values()].map(renaming.part);
  const ended = [...plan.kept, ...kept].map((one) => ({ ...one, barrier: renaming.barrierId(one.barrier) }));
  return { root, start, parts, ended, again: again.map((of) => ({ of, id: renaming.taskId(of.id) })) };
}

const nextsOf = ({ stopped }: Plan) => stopped.flatMap(({ nodes }) => nodes.map(({ of }) => of.next));

/** What follows each chain that stopped. Where nothing does, it has succeeded meanwhile. */
function goingOn(
  { stopped }: Plan,
  parts: ReadonlyMap<Part["id"], Part>,
): { readonly kept: KeptMember[]; readonly resumed: Resumed[] } {
  const kept: KeptMember[] = [];
  const resumed: Resumed[] = [];
  for (const one of stopped) {
    const last = lastOf(one, parts);
    const part = last.of.next && parts.get(last.of.next);
    if (part !== undefined) resumed.push({ part, after: last });
    else kept.push({ barrier: one.barrier, index: one.index, state: "succeeded", source: sourceOf(last) });
  }
  return { kept, resumed };
}

const sourceOf = ({ kind, of }: Node): KeptMember["source"] =>
  kind === "task" ? { kind, id: of.id } : { kind, id: of.id };

/** As many tasks are read with one call. */
const pageSize = 100;

/** Reads tasks in full. TASK_UNKNOWN: somebody has removed one meanwhile. */
async function readTasks(store: Pick<TaskStore, "read">, heads: readonly Task[]): Promise<readonly Task[]> {
  const tasks: Task[] = [];
  for (let at = 0; at < heads.length; at += pageSize) {
    const page = heads.slice(at, at + pageSize);
    const read = await store.read(page.map(({ namespace, id }) => ({ namespace, id })));
    for (const [place, { id: taskId }] of page.entries()) {
      const task = read[place];
      if (task === undefined) throw new StemProblem({ reason: "TASK_UNKNOWN", taskId });
      tasks.push(task);
    }
  }
  return tasks;
}

/** What those left that others go on after. A result that was not kept is not handed on any more. */
async function leavings(
  store: Pick<TaskStore, "read">,
  resumed: readonly Resumed[],
  now: Instant,
): Promise<ReadonlyMap<Node, Left>> {
  const left = new Map<Node, Left>();
  const heads = new Map<Task, Node>();
  for (const { after } of resumed)
    if (after?.kind === "barrier") left.set(after, endOf(after.of, undefined, now).left);
    else if (after !== undefined) heads.set(after.of, after);
  const nodes = [...heads.values()];
  for (const [at, task] of (await readTasks(store, [...heads.keys()])).entries()) {
    const node = nodes[at];
    const { namespace, id, name, lineage, reason, attempt, result: data } = task;
    const ended = { namespace, id, name, lineage, reason, attempt, data, links: [], isLast: false };
    const elsewhere = { on: "succeeded", place: undefined, next: undefined } as const;
    if (node !== undefined) left.set(node, endOfTask({ ...ended, ...elsewhere }, now).left);
  }
  return left;
}

/** The same task once more, handed what it was handed. Its key is its own again, or it keeps the retry out. */
function remade(task: Task, renaming: Renaming, now: Instant): PartTask {
  const { namespace: _, name, queue, priority, tags, ties, content, claim, links, input } = task;
  const policy = claim === undefined ? { ...task.policy, unique: undefined } : task.policy;
  const unique = claim && policy.unique && claimAgain(claim);
  return {
    id: renaming.taskId(task.id),
    task: {
      ...{ name, queue, priority, policy, notBefore: undefined, tags, ties, content, contentHash: undefined },
      ...(unique && { unique }),
      ...withNewLinks({ links }),
      ...renaming.standing(task),
    },
    ...{ acceptedAt: now, isStartFixed: false, expireAt: undefined, hands: undefined },
    resumes: { input, replayOf: task.id },
  };
}

function resumedTask(task: PartTask, left: Left | undefined, renaming: Renaming): PartTask {
  const input = left && handed(task, left);
  return { ...renaming.task(task), resumes: { input, replayOf: undefined } };
}

/** Whoever asks for a retry hears of a key that another task has: it would have failed at once. */
const asking = ({ task, ...one }: PartTask): PartTask => ({
  ...one,
  task: { ...task, ...(task.unique && { unique: { ...task.unique, onConflict: "reject" as const } }) },
});
