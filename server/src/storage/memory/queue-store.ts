import type { Instant } from "../../model/ids.ts";
import type { NamespaceStore } from "../../ports/namespace-store.ts";
import type { QueueAdminStore } from "../../ports/queue-admin-store.ts";
import type { QueueStore } from "../../ports/queue-store.ts";
import { createNamespaceStore } from "./namespaces.ts";
import { purge, purgeMark } from "./purge.ts";
import { createQueueAdminStore } from "./queue-admin.ts";
import {
  duePauses,
  endPauses,
  getQueue,
  listQueues,
  readPriorities,
  readyCounts,
  setPause,
} from "./queues.ts";
import type { State } from "./state.ts";

/** What is done with queues, and with their namespaces. */
export const createQueueStore = (
  state: State,
  call: <T>(verb: () => T, now?: Instant) => Promise<T>,
): QueueStore & QueueAdminStore & NamespaceStore => ({
  ...createQueueAdminStore(state, call),
  ...createNamespaceStore(state, call),
  listQueues: (namespace, after, limit) => call(() => listQueues(state, namespace, after, limit)),
  getQueue: (ref) => call(() => getQueue(state, ref)),
  setPause: (ref, pause, now) => call(() => setPause(state, ref, pause, now)),
  duePauses: (now, limit) => call(() => duePauses(state, now, limit)),
  endPauses: (refs, now) => call(() => endPauses(state, refs, now)),
  purge: (ref, upTo, now, limit) => call(() => purge(state, ref, { upTo, now, limit }), now),
  readyCounts: (namespace, queues) => call(() => readyCounts(state, namespace, queues)),
  readPriorities: (ref) => call(() => readPriorities(state, ref)),
  purgeMark: (ref) => call(() => purgeMark(state, ref)),
});
