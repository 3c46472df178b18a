import type { NamespaceStore } from "../../ports/namespace-store.ts";
import type { QueueAdminStore } from "../../ports/queue-admin-store.ts";
import type { QueueStore } from "../../ports/queue-store.ts";
import type { ReaderThread, WriterThread } from "./threads/threads.ts";

/** What the calls go to, and how: only while the store is open. */
type Asking = {
  readonly writer: WriterThread;
  readonly reader: ReaderThread;
  readonly ask: <T>(call: () => Promise<T>) => Promise<T>;
};

/** The part of the store that is about queues and their namespaces. */
export const askForQueues = ({
  writer,
  reader,
  ask,
}: Asking): QueueStore & QueueAdminStore & NamespaceStore => ({
  setPause: (ref, pause, now) => ask(() => writer.call("setPause", ref, pause, now)),
  endPauses: (refs, now) => ask(() => writer.call("endPauses", refs, now)),
  duePauses: (now, limit) => ask(() => reader.call("duePauses", now, limit)),
  purge: (ref, upTo, now, limit) => ask(() => writer.call("purge", ref, upTo, now, limit)),
  createQueue: (ref, settings, now) => ask(() => writer.call("createQueue", ref, settings, now)),
  updateQueue: (ref, settings, revision) => ask(() => writer.call("updateQueue", ref, settings, revision)),
  deleteQueue: (ref, force, now) => ask(() => writer.call("deleteQueue", ref, force, now)),
  forgetQueues: (before, limit) => ask(() => writer.call("forgetQueues", before, limit)),
  leavingQueues: (limit) => ask(() => reader.call("leavingQueues", limit)),
  missingQueue: (namespace, queues) => ask(() => reader.call("missingQueue", namespace, queues)),
  openNamespaces: (opening) => ask(() => writer.call("openNamespaces", opening)),
  createNamespace: (record) => ask(() => writer.call("createNamespace", record)),
  updateNamespace: (record) => ask(() => writer.call("updateNamespace", record)),
  readNamespaceUse: (namespace) => ask(() => reader.call("readNamespaceUse", namespace)),
  clearNamespace: (namespace, now, limit) => ask(() => writer.call("clearNamespace", namespace, now, limit)),
  listQueues: (namespace, after, limit) => ask(() => reader.call("listQueues", namespace, after, limit)),
  getQueue: (ref) => ask(() => reader.call("getQueue", ref)),
  readPriorities: (ref, countMax) => ask(() => reader.call("readPriorities", ref, countMax)),
  readyCounts: (namespace, queues) => ask(() => reader.call("readyCounts", namespace, queues)),
  purgeMark: (ref) => ask(() => reader.call("purgeMark", ref)),
});
