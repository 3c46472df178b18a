import {
  type Instant,
  taskIdOf as idOf,
  type Namespace,
  plus,
  queueNameOf,
} from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import { tiersOf } from "../../server/src/model/queue-tier.ts";
import type { Fence } from "../../server/src/model/task.ts";
import type { TaskEdit } from "../../server/src/model/task-edit.ts";
import type { TaskTrigger } from "../../server/src/model/task-machine.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { linking, linkOn } from "../support/new-link.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import { type Draft, type Edit, type Operation, retentionMsMax } from "./operations.ts";
import { lease, leaseRef, refOf, type Subject, settlementOf } from "./subject.ts";

/** One of the two stores that are compared, the namespace of the sequence, and the leases that it was given so far. */
export type Side = { readonly subject: Subject; readonly namespace: Namespace; readonly leases: Claimed[] };

/** Does one operation, and answers what a caller could see of it. Leases are named by their number, so that answers compare. */
export async function perform(side: Side, operation: Operation): Promise<unknown> {
  const { subject, namespace, leases } = side;
  const { store, now } = subject;
  switch (operation.kind) {
    case "accept":
      return store.accept({
        tasks: operation.tasks.map((draft) => taskOf(draft, side)),
        now,
        atomic: operation.atomic,
      });
    case "claim": {
      const { limit, contentBytesMax, order } = operation;
      const queues = operation.queues.map(queueOf);
      const distinct = [...new Set(queues)];
      const tiers = tiersOf(distinct.map((queue, at) => ({ queue, mode: order, weight: 1 + 2 * at })));
      const claimed = await subject.claim({ namespace, queues, tiers, limit, contentBytesMax });
      leases.push(...claimed);
      return withLeaseNumbers(side, claimed);
    }
    case "settle":
      return store.settle(
        operation.items.flatMap(({ lease: index, outcome }) => {
          const claimed = pick(side, index);
          return claimed ? [{ ...settlementOf(claimed, outcome, now), namespace }] : [];
        }),
      );
    case "extend":
      return store.extend({
        leases: operation.leases
          .flatMap((index) => pick(side, index) ?? [])
          .map((claimed) => leaseRef(claimed, namespace)),
        now,
        leaseMs: operation.leaseMs,
        defaultLeaseMs: lease.leaseMs,
        graceMs: lease.graceMs,
      });
    default:
      return performRest(side, operation);
  }
}

type Rest = Exclude<Operation, { readonly kind: "accept" | "claim" | "settle" | "extend" }>;

async function performRest(side: Side, operation: Rest): Promise<unknown> {
  const { subject, namespace } = side;
  const { store, now } = subject;
  switch (operation.kind) {
    case "advance":
      return subject.advance(operation.ms);
    case "stage":
      return [
        withLeaseNumbers(side, await store.dueTasks(now, operation.limit)),
        await subject.stage(operation.limit),
      ];
    case "reap":
      return [
        withLeaseNumbers(side, await store.expiredLeases(now, operation.limit)),
        await subject.reap(operation.limit),
      ];
    case "cancel":
      return subject.apply(refOf(taskIdOf(operation.task), namespace), cancelTrigger(now));
    case "edit":
      return subject.edit(refOf(taskIdOf(operation.task), namespace), editOf(operation.edit, now));
    case "remove":
      return store.remove([refOf(taskIdOf(operation.task), namespace)], now);
    case "pause": {
      const pause = operation.isPaused ? { reason: "paused", at: now } : undefined;
      return store.setPause({ namespace, queue: queueOf(operation.queue) }, pause, now);
    }
    case "purge": {
      const ref = { namespace, queue: queueOf(operation.queue) };
      const { upTo, waiting } = await store.purgeMark(ref);
      return [waiting, await store.purge(ref, upTo, now, 1000)];
    }
    case "expire":
      return store.expireOverdue(now, operation.limit);
    case "prune":
      return store.prune(now, 1000);
    case "list": {
      const { states, limit } = operation;
      const queue = operation.queue === undefined ? undefined : queueOf(operation.queue);
      const { tasks, cursor } = await subject.list({ namespace, states, limit, queue });
      return [withLeaseNumbers(side, tasks), cursor !== undefined];
    }
    case "reopen":
      return subject.reopen();
  }
}

/** All that a store knows, in a form that compares. */
export async function snapshot(side: Side) {
  const { namespace } = side;
  const { store } = side.subject;
  const { tasks } = await side.subject.list({ namespace });
  const { events } = await store.readEvents(undefined, 100_000);
  return {
    claims: await store.listClaims({ namespace, after: undefined, limit: 100, now: side.subject.now }),
    tasks: withLeaseNumbers(side, tasks),
    attempts: await Promise.all(tasks.map((task) => store.readAttempts(task))),
    queues: await store.listQueues(namespace, undefined, 100),
    // Within one commit the events of different tasks come in any order.
    events: Map.groupBy(
      events.map(({ position: _, ...fact }) => fact),
      ({ taskId }) => taskId,
    ),
  };
}

/** Ends and forgets every task, so that the next sequence finds nothing of this one but a time that went on. */
export async function clear({ subject, namespace }: Side): Promise<void> {
  const { tasks } = await subject.list({ namespace, states: ["scheduled", "ready", "leased"] });
  for (const task of tasks) await subject.apply(task, cancelTrigger(subject.now));
  subject.advance(limits.leaseMsMax + lease.graceMs + 1);
  await subject.reap();
  for (const ms of [retentionMsMax, limits.tombstoneMs]) {
    subject.advance(ms);
    await subject.store.prune(subject.now, 1000);
    await subject.store.pruneClaims(subject.now, 1000);
  }
  await subject.store.truncateEvents(plus(subject.now, 1), 0, 100_000);
}

const queueOf = (queue: number) => queueNameOf(`queue-${queue}`);
const taskIdOf = (task: number): string => `task-${task}`;

/** The lease that was given so many leases ago. */
const pick = ({ leases }: Side, ago: number): Claimed | undefined => leases[leases.length - 1 - ago];

const cancelTrigger = (at: Instant): TaskTrigger => ({
  kind: "cancel",
  cancel: { reason: "not needed", at },
});

const editOf = ({ queue, priority, delayMs, content }: Edit, now: Instant): TaskEdit => ({
  queue: queue === undefined ? undefined : queueOf(queue),
  priority,
  start: delayMs === undefined ? undefined : plus(now, delayMs),
  content: content === undefined ? undefined : bytesOf(`content ${content}`),
});
const uniqueOf = ({ unique }: Draft, subject: Subject) =>
  unique && {
    unique: {
      key: `key-${unique.key}`,
      onConflict: unique.onConflict,
      keepUntil: unique.keepMs === undefined ? undefined : plus(subject.now, unique.keepMs),
      startBy: unique.maxWaitMs === undefined ? undefined : plus(subject.now, unique.maxWaitMs),
    },
  };

const linksOf = ({ links }: Draft, { now }: Subject) =>
  links.map(({ on, task, queue, delayMs, isHanded }) =>
    linkOn(on, {
      ownId: task === undefined ? undefined : idOf(taskIdOf(task)),
      hands: isHanded ? { member: undefined } : undefined,
      acceptedAt: now,
      task: { queue: queueOf(queue), notBefore: delayMs > 0 ? plus(now, delayMs) : undefined },
    }),
  );

const taskOf = (draft: Draft, { subject, namespace }: Side) =>
  newTask(taskIdOf(draft.task), {
    namespace,
    // One queue has half of the tasks, and one is met only now and then.
    queue: queueOf([0, 0, 0, 1, 1, 2][draft.task % 6] ?? 0),
    priority: draft.priority,
    content: bytesOf(`content ${draft.content}`),
    notBefore: draft.delayMs > 0 ? plus(subject.now, draft.delayMs) : undefined,
    tags: draft.content === 0 ? [] : ["tagged"],
    policy: {
      maxAttempts: draft.attempts,
      maxDeliveries: draft.attempts + 1,
      leaseMs: draft.leaseMs,
      retentionMs: draft.retentionMs,
      ...(draft.expireMs !== undefined && { expireMs: draft.expireMs }),
      ...(draft.startWithinMs !== undefined && { startWithinMs: draft.startWithinMs }),
      ...(draft.ackEarly && { ackEarly: true }),
      ...linking(...linksOf(draft, subject)).policy,
      ...(draft.unique && { unique: { until: draft.unique.until, forMs: draft.unique.forMs } }),
    },
    ...uniqueOf(draft, subject),
    ...(draft.links.length > 0 && { links: linksOf(draft, subject) }),
  });

/** Fences are each store's own: what compares is which of the task's leases they belong to. */
function withLeaseNumbers(
  { leases }: Side,
  items: readonly (Pick<Claimed, "id"> & { readonly fence: Fence | undefined })[],
): readonly unknown[] {
  return items.map(({ fence, ...item }) => ({
    ...item,
    lease: leases.findIndex(
      (each) => each.id === item.id && each.fence.epoch === fence?.epoch && each.fence.seq === fence.seq,
    ),
  }));
}
