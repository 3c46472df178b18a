import type { QueueHints } from "../broker/broker.ts";
import type { Instant, TaskRef } from "../model/ids.ts";
import type { TaskHead } from "../model/task.ts";
import { type TaskChange, type TaskTrigger, transition } from "../model/task-machine.ts";
import type { GuardedChange, TaskStore } from "../ports/task-store.ts";

/** What happens to tasks at a moment, and what must hold of each lease for it. */
export type Occasion = {
  readonly trigger: TaskTrigger | ((task: TaskHead) => TaskTrigger);
  readonly now: Instant;
  /** When given: only if the lease ends before this. */
  readonly leaseUntilBefore?: Instant;
};

/** Lets the same thing happen to many tasks, each as it was read; answers those that it happened to. */
export async function transitionAll(
  store: Pick<TaskStore, "apply">,
  tasks: readonly TaskHead[],
  { trigger, now, leaseUntilBefore }: Occasion,
): Promise<readonly Transitioned[]> {
  const changes: GuardedChange[] = [];
  const heads: TaskHead[] = [];
  for (const head of tasks) {
    const change = transition(head, typeof trigger === "function" ? trigger(head) : trigger, now);
    if (change === undefined) continue;
    const { namespace, id, revision } = head;
    changes.push({ ref: { namespace, id }, revision, leaseUntilBefore, change, now });
    heads.push(head);
  }
  const verdicts = changes.length === 0 ? [] : await store.apply(changes);
  return changes.flatMap(({ ref, change }, at) => {
    const head = heads[at];
    return verdicts[at] === "applied" && head !== undefined ? [{ ref, head, change }] : [];
  });
}

/** A task that a transition was applied to: as it was, and what changed. */
export type Transitioned = { readonly ref: TaskRef; readonly head: TaskHead; readonly change: TaskChange };

/** Tells the broker which of these tasks it can hand out now. */
export function tellReady(queueHints: QueueHints, done: readonly Transitioned[]): void {
  const ready = done.filter(({ change }) => change.state === "ready");
  const byQueue = Map.groupBy(ready, ({ head }) => `${head.namespace}/${head.queue}`);
  for (const tasks of byQueue.values()) {
    const [first] = tasks;
    if (first !== undefined) queueHints.ready(first.head, tasks.length);
  }
}
