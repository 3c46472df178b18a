import { createReadAttempts } from "./attempts.ts";
import { createGetClaim, createListClaims } from "./claim-rows.ts";
import { createListDefinitions } from "./definitions.ts";
import { createDueTasks, createExpiredLeases } from "./due.ts";
import type { Database } from "./files/connection.ts";
import { createGetLimit, createListLimits, createListWeights } from "./limits.ts";
import { createList } from "./list.ts";
import { createGetLock, createListLocks } from "./lock-rows.ts";
import { createGetMeta } from "./meta.ts";
import { createDuePauses } from "./pause.ts";
import { createGetQueue, createListQueues, createPurgeMark, createReadyCounts } from "./queues.ts";
import { createRead, createReadHeads } from "./read.ts";
import { createReadEvents } from "./read-events.ts";
import { createReadReplays } from "./replays.ts";
import { createReadStanding } from "./standing.ts";
import type { ReaderCalls } from "./threads/verbs.ts";

/** Makes the verbs that read. Each runs inside a transaction, and so sees one moment. */
export const createReaderCalls = (db: Database): ReaderCalls => ({
  readAttempts: createReadAttempts(db),
  readReplays: createReadReplays(db),
  read: createRead(db),
  readHeads: createReadHeads(db),
  list: createList(db),
  dueTasks: createDueTasks(db),
  expiredLeases: createExpiredLeases(db),
  duePauses: createDuePauses(db),
  getQueue: createGetQueue(db),
  getLimit: createGetLimit(db),
  readStanding: createReadStanding(db),
  listLimits: createListLimits(db),
  listWeights: createListWeights(db),
  listQueues: createListQueues(db),
  purgeMark: createPurgeMark(db),
  readyCounts: createReadyCounts(db),
  readEvents: createReadEvents(db),
  listDefinitions: createListDefinitions(db),
  getMeta: createGetMeta(db),
  getLock: createGetLock(db),
  listLocks: createListLocks(db),
  getClaim: createGetClaim(db),
  listClaims: createListClaims(db),
});
