import { broadcastQueue, broadcastsTag, deliveriesTag, isInbox, unfinished } from "../model/broadcast.ts";
import type { Namespace, TaskRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import type { TaskHead } from "../model/task.ts";
import { type TaskTrigger, transition } from "../model/task-machine.ts";
import type { Clock } from "../ports/clock.ts";
import type { QueueStore } from "../ports/queue-store.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { TaskStore } from "../ports/task-store.ts";
import { listTagged } from "./list-tagged.ts";

/** How many deliveries an ended broadcast had that were cancelled, and how many still run. */
export type BroadcastEnd = { readonly cancelled: number; readonly running: number };

/** Ends broadcasts. */
export type Ending = {
  /** Ends one now, whatever its time. BROADCAST_UNKNOWN where there is none. */
  end(ref: TaskRef): Promise<BroadcastEnd>;
  /** Ends those whose time is over; one whose deliveries still run is looked at again the next time. */
  endDue(namespace: Namespace): Promise<void>;
};

/** What ending needs. */
export type EndingDeps = {
  readonly store: Pick<TaskStore & QueueStore, "list" | "readHeads" | "apply" | "getQueue">;
  readonly clock: Clock;
  readonly limits: Pick<Limits, "batchTasksMax">;
  readonly hints: TaskHints;
};

const triesMax = 10;

/**
 * Makes what ends broadcasts. First nobody new gets it, then what waits is cancelled, and it is over itself when nothing of it can
 * happen any more: so a server that stops in between goes on where it was, and no inbox of a worker that is gone stays full for ever.
 */
export function createEnding({ store, clock, limits, hints }: EndingDeps): Ending {
  /** Applies a trigger to tasks; answers how many it changed. Those that somebody else changed meanwhile are left for another round. */
  async function change(heads: readonly TaskHead[], trigger: TaskTrigger): Promise<number> {
    const now = clock.now();
    const changes = heads.flatMap((head) => {
      const { namespace, id, revision } = head;
      const decided = transition(head, trigger, now);
      return decided
        ? [{ ref: { namespace, id }, revision, leaseUntilBefore: undefined, change: decided, now }]
        : [];
    });
    if (changes.length === 0) return 0;
    const answers = await store.apply(changes);
    const changed = changes.filter((_, at) => answers[at] === "applied").map(({ ref }) => ref);
    hints.changed(changed);
    return changed.length;
  }

  const cancelled = (reason: string): TaskTrigger => ({
    kind: "cancel",
    cancel: { reason, at: clock.now() },
  });

  async function deliveries(
    { namespace, id }: TaskRef,
    states: readonly TaskHead["state"][],
  ): Promise<readonly TaskHead[]> {
    const { tasks } = await listTagged(store, namespace, {
      tag: deliveriesTag(id),
      states,
      limit: limits.batchTasksMax,
    });
    return tasks.filter(({ queue }) => isInbox(queue));
  }

  async function finish(ref: TaskRef): Promise<BroadcastEnd> {
    let count = 0;
    for (let tries = 0; tries < triesMax; tries++) {
      const waiting = await deliveries(ref, ["scheduled", "ready"]);
      if (waiting.length === 0) break;
      count += await change(waiting, cancelled("the broadcast ended"));
    }
    const left = await deliveries(ref, unfinished);
    if (left.length === 0) {
      const [head] = await store.readHeads([ref]);
      if (head?.queue === broadcastQueue) await change([head], cancelled("the broadcast ended"));
    }
    return { cancelled: count, running: left.length };
  }

  return {
    async end(ref) {
      let revision = 0;
      for (let tries = 0; tries < triesMax; tries++) {
        const [head] = await store.readHeads([ref]);
        if (head?.queue !== broadcastQueue)
          throw new StemProblem({ reason: "BROADCAST_UNKNOWN", broadcastId: ref.id });
        revision = head.revision;
        if (head.state !== "scheduled" || (await change([head], { kind: "due" })) > 0) return finish(ref);
      }
      throw new StemProblem({ reason: "REVISION_CONFLICT", taskId: ref.id, revision });
    },
    async endDue(namespace) {
      const queue = await store.getQueue({ namespace, queue: broadcastQueue });
      if (queue === undefined || queue.depth.ready === 0) return;
      const listing = { tag: broadcastsTag, states: ["ready"], limit: limits.batchTasksMax } as const;
      const { tasks } = await listTagged(store, namespace, listing);
      for (const { id } of tasks.filter((task) => task.queue === broadcastQueue))
        await finish({ namespace, id });
    },
  };
}
