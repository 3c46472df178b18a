import { createPruneClaims } from "./claim-rows.ts";
import { createPutDefinitions, createRemoveDefinition } from "./definitions.ts";
import { createAcquireLock, createPruneLocks, createReleaseLock, createRenewLock } from "./locks.ts";
import { createPutMeta, createSwapMeta } from "./meta.ts";
import { createEmitQueueEvent, createPruneQueueEvents } from "./queue-events.ts";
import { createTruncateEvents } from "./truncate-events.ts";
import { createWriteOutput } from "./write-output.ts";
import type { Writing } from "./writing.ts";

/**
 * Makes the verbs that write what is kept beside tasks and queues: definitions, locks, claims that are over, small values by name, what
 * tasks put out, what is made known on queues, and the log of what happened.
 */
export const createRecordCalls = (writing: Writing) => ({
  putDefinitions: createPutDefinitions(writing.db),
  removeDefinition: createRemoveDefinition(writing.db),
  swapMeta: createSwapMeta(writing.db),
  putMeta: createPutMeta(writing.db),
  acquireLock: createAcquireLock(writing),
  renewLock: createRenewLock(writing),
  releaseLock: createReleaseLock(writing),
  pruneLocks: createPruneLocks(writing),
  pruneClaims: createPruneClaims(writing.db),
  writeOutput: createWriteOutput(writing),
  emitQueueEvent: createEmitQueueEvent(writing),
  pruneQueueEvents: createPruneQueueEvents(writing),
  truncateEvents: createTruncateEvents(writing),
});
