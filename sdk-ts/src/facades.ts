/**
 * What a client offers beside enqueueing, each under a name of its own: `client.tasks`, `client.deadLetters`, `client.queues`,
 * `client.limits`, `client.routing`, `client.definitions`, `client.uniqueClaims`, `client.control`, `client.namespaces`, `client.locks`,
 * `client.queueEvents`.
 */

import type { Transport } from "@connectrpc/connect";
import type { FollowDeps } from "./followed.ts";
import { createLockCalls } from "./lock-calls.ts";
import { createLocks, type Locks } from "./locks.ts";
import type { OperatorCalls } from "./operator-calls.ts";
import { createOperatorFacades, type OperatorFacades } from "./operator-facades.ts";
import { createQueueEvents, type QueueEvents } from "./queue-events.ts";
import type { Retries } from "./retry.ts";
import { callMsMax } from "./task-calls.ts";

/** What a client offers beside enqueueing. */
export interface Facades extends OperatorFacades {
  /** Locks over all processes and languages that use the server. */
  readonly locks: Locks;
  /** Named events on queues, for whoever watches. */
  readonly queueEvents: QueueEvents;
}

/** What facades need of their client. */
export type FacadeDeps = FollowDeps & {
  readonly transport: Transport;
  /** Where open streams go: they would count against everything else. */
  readonly waits: Transport;
  readonly namespace: string | undefined;
  readonly retries: Retries;
  readonly call: OperatorCalls["call"];
};

/** Makes a client's facades; its locks are to be closed with it. */
export function createFacades(
  deps: FacadeDeps,
): Facades & { readonly locks: ReturnType<typeof createLocks> } {
  const { transport, namespace, clock, retries, closing, call } = deps;
  const operating: OperatorCalls = {
    transport,
    inNamespace: namespace === undefined ? {} : { namespace },
    timed: { timeoutMs: callMsMax },
    call,
  };
  return {
    ...createOperatorFacades({ ...deps, ...operating }),
    queueEvents: createQueueEvents({ ...deps, ...operating }),
    locks: createLocks({ calls: createLockCalls(transport, namespace), clock, retries, closing }),
  };
}
