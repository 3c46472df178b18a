import { createLoop, type Loop } from "../lib/loop.ts";
import type { Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import { type NamespaceRemoverDeps, removeNamespacesOnce } from "./namespace-remover.ts";
import { type QueueRemoverDeps, removeQueuesOnce } from "./queue-remover.ts";

/** What removers live on. */
export type RemoversDeps = {
  readonly store: QueueRemoverDeps["store"] & NamespaceRemoverDeps["store"];
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  /** Those that are being deleted. */
  readonly namespaces: NamespaceRemoverDeps["namespaces"];
  /** The broker's: lets go of one of them. */
  readonly leaveNamespace: NamespaceRemoverDeps["leaveNamespace"];
  /** The backend's: who is told that tasks changed. */
  readonly hints: QueueRemoverDeps["hints"];
};

const removeIntervalMs = 1000;
/** Queues in one round. */
const queuesTogether = 100;

/** The loops that go on with deletions. */
export const createRemovers = (deps: RemoversDeps): readonly Loop[] => [
  queueRemoverOf(deps),
  namespaceRemoverOf(deps),
];

function queueRemoverOf(deps: RemoversDeps): Loop {
  const { batchTasksMax, eventRetentionMs } = deps.limits;
  const options = {
    intervalMs: removeIntervalMs,
    queuesMax: queuesTogether,
    batchTasksMax,
    eventRetentionMs,
  };
  return createLoop(deps, {
    name: "queue-remover",
    runOnce: () => removeQueuesOnce(deps, options, deps.clock.now()),
  });
}

function namespaceRemoverOf(deps: RemoversDeps): Loop {
  const options = { intervalMs: removeIntervalMs, batchTasksMax: deps.limits.batchTasksMax };
  return createLoop(deps, {
    name: "namespace-remover",
    runOnce: () => removeNamespacesOnce(deps, options, deps.clock.now()),
  });
}
