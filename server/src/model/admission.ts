/** What may come into a queue: a pure decision over what is there, the same for every store. */

import { isOurs } from "./broadcast.ts";
import type { QueueName } from "./ids.ts";
import type { NamespaceQuotas, NamespaceState, QueueCreation } from "./namespace.ts";

/**
 * Why something may not come in. namespace_disabled, namespace_deleting: nothing comes into the namespace. queue_unknown: the queue is not
 * there, and queues have to be made. queue_limit: there are as many queues as there may be. queue_closed, queue_deleting: it takes nothing
 * new. queue_full: its backlog is as long as it may be. task_quota, byte_quota: the namespace's is.
 */
export type RefusalReason =
  | "namespace_disabled"
  | "namespace_deleting"
  | "queue_unknown"
  | "queue_limit"
  | "queue_closed"
  | "queue_deleting"
  | "queue_full"
  | "task_quota"
  | "byte_quota";

/** Why something may not come in; `max`: the bound that it would cross, where there is one. */
export type Refusal = { readonly refused: RefusalReason; readonly max: number | undefined };

/** closed: it takes nothing new. deleting: nor does it hand out. */
export type QueueLife = "open" | "closed" | "deleting";

/** A namespace as whatever comes in finds it. */
export type SpaceRoom = {
  readonly state: NamespaceState;
  readonly quotas: NamespaceQuotas;
  readonly queueCreation: QueueCreation;
  readonly queues: number;
  /** The server's own bound on queues. */
  readonly queuesMax: number;
  /** What has not ended. Bytes are only looked at where there is a quota. */
  readonly backlogTasks: number;
  readonly backlogBytes: number;
};

/** A queue as whatever comes in finds it. */
export type QueueRoom = {
  readonly life: QueueLife;
  readonly backlogMax: number | undefined;
  readonly backlogTasks: number;
};

/** A queue that is made for what comes in. */
export const newQueue: QueueRoom = { life: "open", backlogMax: undefined, backlogTasks: 0 };

/** How much comes in. */
export type Arrival = { readonly tasks: number; readonly bytes: number };

/** Why a queue that is not there may not be made on its first use; undefined: it may. */
export function refusalToMake(space: SpaceRoom, name: QueueName): Refusal | undefined {
  if (space.state !== "active") return ofNamespace(space.state);
  // The server's own are made as they are needed.
  if (space.queueCreation === "explicit" && !isOurs(name)) return refusal("queue_unknown");
  const { quotas, queues, queuesMax } = space;
  const max = Math.min(quotas.queues ?? queuesMax, queuesMax);
  return queues >= max ? refusal("queue_limit", max) : undefined;
}

/** Why a task that is there may not be moved into a queue, however much is in it; undefined: it may. */
export function refusalToMove({ state }: Pick<SpaceRoom, "state">, { life }: QueueRoom): Refusal | undefined {
  if (state !== "active") return ofNamespace(state);
  if (life === "open") return undefined;
  return refusal(life === "closed" ? "queue_closed" : "queue_deleting");
}

/** Why an event may not be made known on a queue that is there; undefined: it may, also where the queue takes no more tasks. */
export const refusalToEmit = (
  space: Pick<SpaceRoom, "state">,
  { life }: Pick<QueueRoom, "life">,
): Refusal | undefined => refusalToMove(space, { ...newQueue, life: life === "closed" ? "open" : life });

/** Why a task that waits may not be written over by one that is so many bytes longer; undefined: it may. */
export const refusalToRewrite = (
  space: SpaceRoom,
  queue: Pick<QueueRoom, "life">,
  moreBytes: number,
): Refusal | undefined => refusalToEmit(space, queue) ?? refusalToGrow(space, moreBytes);

/** Why what waits may not become so many bytes longer; undefined: it may, and what becomes shorter always may. */
export function refusalToGrow(
  { quotas: { backlogBytes }, ...space }: Pick<SpaceRoom, "quotas" | "backlogBytes">,
  moreBytes: number,
): Refusal | undefined {
  if (moreBytes <= 0) return undefined;
  return isBeyond(space.backlogBytes + moreBytes, backlogBytes)
    ? refusal("byte_quota", backlogBytes)
    : undefined;
}

/** Why tasks may not come into a queue; undefined: they may, all of them. */
export function refusalToEnter(space: SpaceRoom, queue: QueueRoom, arrival: Arrival): Refusal | undefined {
  const closed = refusalToMove(space, queue);
  if (closed !== undefined) return closed;
  const { backlogTasks, backlogBytes } = space.quotas;
  const { tasks, bytes } = arrival;
  if (isBeyond(queue.backlogTasks + tasks, queue.backlogMax)) return refusal("queue_full", queue.backlogMax);
  if (isBeyond(space.backlogTasks + tasks, backlogTasks)) return refusal("task_quota", backlogTasks);
  if (isBeyond(space.backlogBytes + bytes, backlogBytes)) return refusal("byte_quota", backlogBytes);
  return undefined;
}

/** Whether nothing but its queues bounds what comes into a namespace: then nobody need count. */
export const isUnbounded = ({ state, quotas }: Pick<SpaceRoom, "state" | "quotas">): boolean =>
  state === "active" && quotas.backlogTasks === undefined && quotas.backlogBytes === undefined;

/** Whether a verdict is a refusal. */
export const isRefusal = (verdict: string | object): verdict is Refusal =>
  typeof verdict === "object" && "refused" in verdict;

const refusal = (refused: RefusalReason, max?: number): Refusal => ({ refused, max });

const ofNamespace = (state: Exclude<NamespaceState, "active">): Refusal =>
  refusal(state === "disabled" ? "namespace_disabled" : "namespace_deleting");

const isBeyond = (count: number, max: number | undefined): boolean => max !== undefined && count > max;
