/**
 * Broadcasts, on top of tasks. A broadcast is a task of a queue that nobody can name, scheduled for the moment when it ends. Each
 * worker that listens on its channel gets a task of its own, a delivery, in an inbox: a queue that nobody else takes from. So leases,
 * retries, results and retention are those of tasks.
 */

import { digestOf } from "../lib/digest.ts";
import { type Instant, type QueueName, queueNameOf, type TaskId, type TaskName, taskIdOf } from "./ids.ts";
import type { NewTask, TaskHead, TaskState } from "./task.ts";

/** at_most_once: a delivery is handed out once, and not again if it fails or its worker is lost. */
export type BroadcastDelivery = "at_least_once" | "at_most_once";

/** What a channel's broadcasts are unless their publisher says otherwise. */
export type BroadcastTerms = { readonly expiresMs: number; readonly delivery: BroadcastDelivery };

/** What holds where nobody says otherwise. */
export const defaultTerms: BroadcastTerms = { expiresMs: 86_400_000, delivery: "at_least_once" };

/** A broadcast as its readers see it. */
export type Broadcast = {
  readonly id: TaskId;
  readonly name: TaskName;
  readonly channel: string;
  readonly delivery: BroadcastDelivery;
  readonly createdAt: Instant;
  /** When it ends, or was to end; who joins later gets none of it. */
  readonly expiresAt: Instant;
  readonly isLive: boolean;
};

// A producer's queue begins with a letter, a digit or _, so no producer, worker or route can name these.
const mark = "~";
/** Where broadcasts themselves wait for their end. */
export const broadcastQueue: QueueName = queueNameOf(`${mark}broadcasts`);
const inboxPrefix = `${mark}inbox/`;

/** The inbox of that number. */
export const inboxOf = (slot: number): QueueName => queueNameOf(`${inboxPrefix}${slot}`);

/** Whether a queue is one of ours, which nobody can name. */
export const isOurs = (queue: QueueName): boolean => queue.startsWith(mark);

/** Whether a queue is somebody's inbox. */
export const isInbox = (queue: QueueName): boolean => queue.startsWith(inboxPrefix);

/** Every inbox comes after this in the order of names. */
export const beforeInboxes: QueueName = queueNameOf(inboxPrefix);

// Tags find what belongs together. A producer may write the same words; the queue tells whose they are.
const channelPrefix = `${mark}channel:`;
const listenerPrefix = `${mark}listener:`;
const onceTag = `${mark}at-most-once`;
/** On every broadcast. */
export const broadcastsTag = `${mark}broadcasts`;
/** On every broadcast of a channel. */
export const channelTag = (channel: string): string => `${channelPrefix}${channel}`;
/** On every delivery of a broadcast. */
export const deliveriesTag = (broadcast: TaskId): string => `${mark}broadcast:${broadcast}`;
/** On every delivery to a worker. */
export const listenerTag = (worker: string): string => `${listenerPrefix}${worker}`;

/** The task that a broadcast is. What its publisher asked for is what makes two the same, channel and terms included. */
export function broadcastTask(
  task: NewTask,
  channel: string,
  terms: BroadcastTerms & { readonly now: Instant },
): NewTask {
  const { expiresMs, delivery, now } = terms;
  return {
    ...task,
    queue: broadcastQueue,
    notBefore: (now + Math.max(1, expiresMs)) as Instant,
    tags: [
      broadcastsTag,
      channelTag(channel),
      ...(delivery === "at_most_once" ? [onceTag] : []),
      ...task.tags,
    ],
    contentHash: digestOf(["broadcast", task.namespace, channel, delivery, String(expiresMs), task.content]),
  };
}

/** The channel of a task that is a broadcast. */
export const channelOf = ({ tags }: Pick<NewTask, "tags">): string => afterPrefix(tags, channelPrefix);

/** Our own tags come before the producer's, who may write the same words. */
const afterPrefix = (tags: readonly string[], prefix: string): string =>
  tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length) ?? "";

/** A broadcast, if the task is one. */
export function broadcastOf(task: TaskHead): Broadcast | undefined {
  if (task.queue !== broadcastQueue) return undefined;
  return {
    id: task.id,
    name: task.name,
    channel: channelOf(task),
    delivery: task.tags.includes(onceTag) ? "at_most_once" : "at_least_once",
    createdAt: task.createdAt,
    expiresAt: task.notBefore ?? task.createdAt,
    isLive: task.state === "scheduled",
  };
}

/** The id of a worker's delivery: the same whenever and however often it is made. */
export const deliveryIdOf = (broadcast: TaskId, worker: string): TaskId =>
  taskIdOf(digestOf(["delivery", broadcast, worker]));

/** Who a delivery is for. */
export const listenerOf = (delivery: TaskHead): string => afterPrefix(delivery.tags, listenerPrefix);

/** Who gets a delivery, and where it waits. */
export type Inbox = { readonly worker: string; readonly queue: QueueName };

/** What of a broadcast its deliveries need. */
export type Deliverable = Pick<
  NewTask,
  "namespace" | "id" | "name" | "priority" | "policy" | "tags" | "ties" | "content" | "notBefore"
>;

/** The task that a worker gets of a broadcast. It is remembered for longer than the broadcast lives, so that it is made only once. */
export function deliveryTask(broadcast: Deliverable, { worker, queue }: Inbox, now: Instant): NewTask {
  const { namespace, id, name, priority, policy, tags, ties, content, notBefore = now } = broadcast;
  const isOnce = tags.includes(onceTag);
  return {
    ...{ namespace, name, priority, content, queue },
    id: deliveryIdOf(id, worker),
    policy: {
      ...policy,
      ...(isOnce && { maxAttempts: 1, maxDeliveries: 1 }),
      keepNewest: undefined,
      retentionMs: Math.max(policy.retentionMs, notBefore - now),
    },
    notBefore: undefined,
    tags: [deliveriesTag(id), listenerTag(worker), ...tags.filter((tag) => !tag.startsWith(mark))],
    replayOf: undefined,
    ties,
    contentHash: digestOf(["delivery", namespace, id, worker]),
  };
}

/** The states of a task of which something may still come. */
export const unfinished = ["scheduled", "ready", "leased"] as const satisfies readonly TaskState[];
