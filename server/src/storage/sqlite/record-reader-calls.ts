import { createGetClaim, createListClaims } from "./claim-rows.ts";
import { createListDefinitions } from "./definitions.ts";
import type { Database } from "./files/connection.ts";
import { createGetLock, createListLocks } from "./lock-rows.ts";
import { createGetMeta } from "./meta.ts";
import { createReadOutput } from "./read-output.ts";
import { createReadQueueEvents } from "./read-queue-events.ts";
import { createListRevocations } from "./revocations.ts";

/** Makes the verbs that read what is kept beside tasks and queues. */
export const createRecordReaderCalls = (db: Database) => ({
  listDefinitions: createListDefinitions(db),
  listRevocations: createListRevocations(db),
  getMeta: createGetMeta(db),
  getLock: createGetLock(db),
  listLocks: createListLocks(db),
  getClaim: createGetClaim(db),
  listClaims: createListClaims(db),
  readOutput: createReadOutput(db),
  readQueueEvents: createReadQueueEvents(db),
});
