import { createReadAttempts } from "./attempts.ts";
import { createCanvasReadings } from "./canvases/readings.ts";
import { createDueTasks, createExpiredLeases } from "./due.ts";
import type { Database } from "./files/connection.ts";
import { createGetLimit, createListLimits, createListWeights } from "./limits.ts";
import { createList } from "./list.ts";
import { createQueueReadings } from "./queue-calls.ts";
import { createRead, createReadHeads } from "./read.ts";
import { createReadEvents } from "./read-events.ts";
import { createRecordReaderCalls } from "./record-reader-calls.ts";
import { createReadReplays } from "./replays.ts";
import { createScheduleReadings } from "./schedules/readings.ts";
import { createReadStanding } from "./standing.ts";
import type { ReaderCalls } from "./threads/reader-verbs.ts";

/** Makes the verbs that read. Each runs inside a transaction, and so sees one moment. */
export const createReaderCalls = (db: Database): ReaderCalls => ({
  readAttempts: createReadAttempts(db),
  readReplays: createReadReplays(db),
  read: createRead(db),
  readHeads: createReadHeads(db),
  list: createList(db),
  dueTasks: createDueTasks(db),
  expiredLeases: createExpiredLeases(db),
  ...createQueueReadings(db),
  getLimit: createGetLimit(db),
  readStanding: createReadStanding(db),
  listLimits: createListLimits(db),
  listWeights: createListWeights(db),
  readEvents: createReadEvents(db),
  ...createRecordReaderCalls(db),
  ...createCanvasReadings(db),
  ...createScheduleReadings(db),
});
