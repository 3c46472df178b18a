/**
 * What a client offers beside enqueueing and broadcasting: canvases, and each under a name of its own: `client.tasks`, `client.canvases`,
 * `client.deadLetters`, `client.queues`, `client.limits`, `client.routing`, `client.definitions`, `client.uniqueClaims`, `client.control`,
 * `client.namespaces`, `client.locks`, `client.queueEvents`, `client.schedules`.
 */

import type { Transport } from "@connectrpc/connect";
import { type CanvasCalls, createCanvasCalls } from "./canvas/canvas-calls.ts";
import { type CanvasSubmitter, createCanvasSubmitter } from "./canvas/canvases.ts";
import type { FollowDeps } from "./followed.ts";
import { createLockCalls } from "./lock-calls.ts";
import { createLocks, type Locks } from "./locks.ts";
import type { OperatorCalls } from "./operator-calls.ts";
import { createOperatorFacades, type OperatorFacades } from "./operator-facades.ts";
import { createQueueEvents, type QueueEvents } from "./queue-events.ts";
import type { Retries } from "./retry.ts";
import { createSchedules, type Schedules } from "./schedules/schedules.ts";
import { callMsMax } from "./task-calls.ts";

/** What a client offers beside enqueueing. */
export interface Facades extends OperatorFacades, CanvasSubmitter {
  /** Locks over all processes and languages that use the server. */
  readonly locks: Locks;
  /** Named events on queues, for whoever watches. */
  readonly queueEvents: QueueEvents;
  /** What the server starts by its clock. */
  readonly schedules: Schedules;
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

/** A client's facades; its locks are to be closed with it. */
export type ClientFacades = Facades & {
  readonly locks: ReturnType<typeof createLocks>;
  readonly canvasCalls: CanvasCalls;
};

/** Makes them. */
export function createFacades(deps: FacadeDeps): ClientFacades {
  const { transport, namespace, clock, retries, closing, call } = deps;
  const operating: OperatorCalls = {
    transport,
    inNamespace: namespace === undefined ? {} : { namespace },
    timed: { timeoutMs: callMsMax },
    call,
  };
  const canvasCalls = createCanvasCalls({ ...deps, ...operating });
  return {
    ...createCanvasSubmitter({ calls: canvasCalls, clock }),
    canvasCalls,
    ...createOperatorFacades({ ...deps, ...operating }),
    queueEvents: createQueueEvents({ ...deps, ...operating }),
    schedules: createSchedules(operating),
    locks: createLocks({ calls: createLockCalls(transport, namespace), clock, retries, closing }),
  };
}
