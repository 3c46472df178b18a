import { createPruneClaims } from "./claim-rows.ts";
import { createPutDefinitions, createRemoveDefinition } from "./definitions.ts";
import { createAcquireLock, createPruneLocks, createReleaseLock, createRenewLock } from "./locks.ts";
import { createPutMeta } from "./meta.ts";
import type { Writing } from "./writing.ts";

/** Makes the verbs that write what is kept beside tasks and queues: definitions, locks, claims that are over, and small values by name. */
export const createRecordCalls = (writing: Writing) => ({
  putDefinitions: createPutDefinitions(writing.db),
  removeDefinition: createRemoveDefinition(writing.db),
  putMeta: createPutMeta(writing.db),
  acquireLock: createAcquireLock(writing),
  renewLock: createRenewLock(writing),
  releaseLock: createReleaseLock(writing),
  pruneLocks: createPruneLocks(writing),
  pruneClaims: createPruneClaims(writing.db),
});
