import { digestOf } from "../lib/digest.ts";
import { renewed } from "../model/continuation.ts";
import type { Bytes, Instant, QueueName, TaskId, TaskRef } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import { isTerminal, type NewTask, type Task, type TaskPolicy } from "../model/task.ts";
import { claimAgain } from "../model/unique.ts";
import type { AdminStore } from "../ports/admin-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { TaskStore } from "../ports/task-store.ts";
import type { Enqueueing } from "./enqueue.ts";

/** What replaying needs. */
export type ReplayDeps = {
  readonly store: Pick<TaskStore, "read"> & Pick<AdminStore, "noteReplays">;
  readonly clock: Clock;
  readonly random: Pick<Random, "taskId">;
  readonly enqueueing: Pick<Enqueueing, "enqueueMade">;
};

/** The task that a replay made, or that an earlier call of it had made. */
export type Replayed = { readonly taskId: TaskId; readonly deduplicated: boolean };

/** Enqueues an ended task again under a new id. */
export type ReplayOne = (ref: TaskRef, newId: TaskId | undefined) => Promise<Replayed>;

/** What a replay changes; undefined leaves it as it was. */
export type ReplayEdit = {
  readonly queue: QueueName | undefined;
  /** When the new task may start; undefined: at once. */
  readonly start: Instant | undefined;
  /** Makes the new content out of the old one. */
  readonly rewrite: ((content: Bytes) => Bytes) | undefined;
};

const asItWas: ReplayEdit = { queue: undefined, start: undefined, rewrite: undefined };

/** Makes the part of the broker that replays single tasks. */
export function createReplay({ store, clock, random, enqueueing }: ReplayDeps): ReplayOne {
  return async (ref, newId) => {
    const [task] = await store.read([ref]);
    if (task === undefined) throw new StemProblem({ reason: "TASK_UNKNOWN", taskId: ref.id });
    if (!isTerminal(task.state))
      throw new StemProblem({ reason: "TASK_NOT_ENDED", taskId: ref.id, state: task.state });
    const [verdict] = await enqueueing.enqueueMade([againAs(task, newId ?? random.taskId(), asItWas)]);
    if (verdict === undefined) throw new Error("the store left a task without a verdict");
    if (verdict.kind === "refused") throw new StemProblem(verdict.problem);
    const { taskId } = verdict;
    if (task.state === "failed") await store.noteReplays([{ ref, replay: { taskId, at: clock.now() } }]);
    return { taskId, deduplicated: verdict.kind === "stored" && verdict.deduplicated };
  };
}

/** The task that runs another one again. */
export function againAs(task: Task, id: TaskId, { queue, start, rewrite }: ReplayEdit): NewTask {
  const { namespace, name, priority, policy, tags, ties, lineage, claim, links, input } = task;
  const content = rewrite ? rewrite(task.content) : task.content;
  return {
    namespace,
    id,
    name,
    queue: queue ?? task.queue,
    priority,
    notBefore: start,
    tags,
    replayOf: task.id,
    ties,
    lineage,
    // It has no place in the canvas of the one before: nothing there hears of it.
    ...claimedAgain({ ...policy, member: undefined }, claim),
    ...(links && { links: renewed(links) }),
    ...(input && { input }),
    content,
    // The same replay asked for twice is one task; the original's id under other circumstances is not.
    contentHash: digestOf(["replay", namespace, task.id, content]),
  };
}

/** A task that claims a key claims it again, and is refused where another has it by now. */
function claimedAgain(policy: TaskPolicy, claim: Task["claim"]): Pick<NewTask, "policy" | "unique"> {
  if (policy.unique === undefined) return { policy };
  if (claim === undefined) return { policy: { ...policy, unique: undefined } };
  return { policy, unique: claimAgain(claim) };
}
