import { opensAt, scoped } from "../../model/gate.ts";
import { capacityOf, type LiveLimit } from "../../model/gatekeeper.ts";
import type { Instant } from "../../model/ids.ts";
import { stateCode } from "../sql/codes.ts";
import type { GateBell } from "../sql/gate-bell.ts";
import type { LimitRegistry } from "./limit-registry.ts";
import type { QueueEntry } from "./queue-registry.ts";

/** Limits of queues. Nobody waits at a gate there: a claim takes what is allowed, and comes again when it is told. */
export type QueueGates = {
  /** How many more tasks of a queue may be leased now. */
  queueCapacity(queue: QueueEntry, now: Instant): number;
  /** So many tasks of a queue were leased. */
  tookFrom(queue: QueueEntry, taken: number, now: Instant): void;
  /** Leases of a queue ended. */
  returned(queue: QueueEntry, count: number): void;
};

/** Makes them. */
export function createQueueGates(limits: LimitRegistry, bell: GateBell): QueueGates {
  const limitOf = ({ namespace, name }: QueueEntry): LiveLimit | undefined =>
    limits.size === 0 ? undefined : limits.of("queue", scoped(namespace, name));
  const readyIn = (queue: QueueEntry): number => queue.depth[stateCode.ready] ?? 0;
  return {
    queueCapacity(queue, now) {
      const live = limitOf(queue);
      const leased = queue.depth[stateCode.leased] ?? 0;
      return live === undefined ? Number.POSITIVE_INFINITY : capacityOf(live, leased, now);
    },
    tookFrom(queue, taken, now) {
      limits.take("queue", scoped(queue.namespace, queue.name), { now, taken });
      const live = limitOf(queue);
      const at = live && opensAt(live, now);
      if (at !== undefined && readyIn(queue) > 0) bell.wakeAt(at);
    },
    returned(queue, count) {
      if (limitOf(queue)?.limit.concurrency !== undefined && readyIn(queue) > 0) bell.opened(queue, count);
    },
  };
}
