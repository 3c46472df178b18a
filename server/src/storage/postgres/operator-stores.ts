import type { NamespaceStore } from "../../ports/namespace-store.ts";
import type { QueueAdminStore } from "../../ports/queue-admin-store.ts";
import type { Asking } from "./asking.ts";
import { clearNamespace, removeNamespace } from "./clear-namespace.ts";
import {
  createNamespace,
  listRecords,
  makeRecords,
  readNamespaceUse,
  updateNamespace,
} from "./namespaces.ts";
import {
  createQueue,
  deleteQueue,
  forgetQueues,
  goneQueues,
  leavingQueues,
  missingQueue,
  updateQueue,
} from "./queue-admin.ts";
import type { Tenant } from "./tenant.ts";

/** What changes what servers remember waits for all that is under way, and they for it: so it is asked first whether it has to. */
const alone = { isAlone: true } as const;

/** Queues made, changed and deleted by operators. */
export const createQueueAdminStore = ({ lane, read }: Asking): QueueAdminStore => ({
  createQueue: (ref, settings, now) => lane.call(alone, (work) => createQueue(work, ref, settings, now)),
  updateQueue: (ref, settings, revision) =>
    lane.call(alone, (work) => updateQueue(work, ref, settings, revision)),
  deleteQueue: (ref, force, now) => lane.call(alone, (work) => deleteQueue(work, ref, force, now)),
  leavingQueues: (limit) => read((db) => leavingQueues(db, limit)),
  async forgetQueues(before, limit) {
    const gone = await read((db) => goneQueues(db, before, limit));
    return gone === 0 ? 0 : lane.call(alone, (work) => forgetQueues(work, before, limit));
  },
  missingQueue: (namespace, queues) => read((db) => missingQueue(db, namespace, queues)),
});

/** Namespaces. */
export const createNamespaceStore = (
  { lane, read }: Asking,
  { setQueueCreation }: Pick<Tenant, "setQueueCreation">,
): NamespaceStore => ({
  async openNamespaces(opening) {
    setQueueCreation(opening.queueCreation);
    const records = await read(listRecords);
    const isComplete = opening.names.every((name) => records.some((record) => record.name === name));
    return isComplete ? records : lane.call(alone, (work) => makeRecords(work, opening));
  },
  createNamespace: (record) => lane.call(alone, (work) => createNamespace(work, record)),
  updateNamespace: (record) => lane.call(alone, (work) => updateNamespace(work, record)),
  readNamespaceUse: (namespace) => read((db) => readNamespaceUse(db, namespace)),
  async clearNamespace(namespace, now, limit) {
    const cleared = await lane.call({}, (work) => clearNamespace(work, namespace, now, limit));
    if (cleared !== "empty") return cleared;
    return (await lane.call(alone, (work) => removeNamespace(work, namespace))) ? "gone" : "more";
  },
});
