import type { Database } from "./files/connection.ts";
import { createNamespaceCalls, createReadNamespaceUse } from "./namespaces.ts";
import { createDuePauses, createEndPauses, createSetPause } from "./pause.ts";
import { createReadPriorities } from "./priorities.ts";
import { createLeavingQueues, createMissingQueue, createQueueAdminCalls } from "./queue-admin.ts";
import { createGetQueue, createListQueues, createPurgeMark, createReadyCounts } from "./queues.ts";
import type { Writing } from "./writing.ts";

/** Makes the verbs that write what operators say of queues and of their namespaces. */
export const createQueueCalls = (writing: Writing) => ({
  setPause: createSetPause(writing),
  endPauses: createEndPauses(writing),
  ...createQueueAdminCalls(writing),
  ...createNamespaceCalls(writing),
});

/** Makes the verbs that read queues and their namespaces. */
export const createQueueReadings = (db: Database) => ({
  duePauses: createDuePauses(db),
  getQueue: createGetQueue(db),
  listQueues: createListQueues(db),
  leavingQueues: createLeavingQueues(db),
  missingQueue: createMissingQueue(db),
  readNamespaceUse: createReadNamespaceUse(db),
  purgeMark: createPurgeMark(db),
  readPriorities: createReadPriorities(db),
  readyCounts: createReadyCounts(db),
});
