import type { Namespace, QueueName } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { NamespaceView } from "../ports/namespace-view.ts";
import type { QueueAdminStore } from "../ports/queue-admin-store.ts";

/**
 * Throws why a worker may not begin to take tasks: NAMESPACE_DISABLED where the namespace is being deleted, QUEUE_UNKNOWN for the first
 * queue that is not there where queues have to be made. In a namespace that is only disabled it may wait.
 */
export type Admit = (namespace: Namespace, queues: readonly QueueName[]) => Promise<void>;

/** What that needs. */
export type AdmitDeps = {
  readonly store: Pick<QueueAdminStore, "missingQueue">;
  readonly namespaces: NamespaceView;
};

/** Makes it. */
export const createAdmit =
  ({ store, namespaces }: AdmitDeps): Admit =>
  async (namespace, queues) => {
    if (namespaces.stateOf(namespace) === "deleting")
      throw new StemProblem({ reason: "NAMESPACE_DISABLED", namespace, state: "deleting" });
    if (!namespaces.hasExplicitQueues(namespace)) return;
    const queue = await store.missingQueue(namespace, queues);
    if (queue !== undefined) throw new StemProblem({ reason: "QUEUE_UNKNOWN", queue });
  };
