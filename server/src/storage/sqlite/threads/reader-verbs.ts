/** What the main thread may ask of the reading one, and how questions and answers cross. */

import type { Bytes } from "../../../model/ids.ts";
import type { Store } from "../../../ports/store.ts";
import { attemptList } from "../packets/attempt.ts";
import { packed, plain } from "../packets/coder.ts";
import { definitionList } from "../packets/definition.ts";
import { eventPage } from "../packets/event.ts";
import { outputPage } from "../packets/output.ts";
import { queueEventPage } from "../packets/queue-event.ts";
import { keptSchedules, maybeKeptSchedules } from "../packets/schedule.ts";
import { slotRecords } from "../packets/slot-record.ts";
import { heads, maybeHeads, maybeTasks, refs, taskPage } from "../packets/task.ts";
import type { KeptSchedules } from "../schedules/readings.ts";
import { type Checkpointed, type Opened, type Sync, small, type VerbTable } from "./verb.ts";

/** What the reading thread does. */
export type ReaderCalls = Sync<
  Pick<
    Store,
    | "readAttempts"
    | "readReplays"
    | "read"
    | "readHeads"
    | "list"
    | "dueTasks"
    | "expiredLeases"
    | "duePauses"
    | "getQueue"
    | "getLimit"
    | "readStanding"
    | "listLimits"
    | "listWeights"
    | "listQueues"
    | "purgeMark"
    | "leavingQueues"
    | "missingQueue"
    | "readNamespaceUse"
    | "readPriorities"
    | "readyCounts"
    | "readEvents"
    | "getMeta"
    | "listDefinitions"
    | "getLock"
    | "listLocks"
    | "getClaim"
    | "listRevocations"
    | "listClaims"
    | "readOutput"
    | "readQueueEvents"
    | "readBarriers"
    | "readMembers"
    | "listBarriers"
    | "readParts"
    | "listCanvases"
    | "barriersWithRest"
    | "readRest"
    | "overdueCanvases"
    | "listSlotRecords"
  >
> &
  KeptSchedules;

/** What the reading thread does besides. */
export type ReaderControls = {
  /** The first call, after the writer's. */
  open(): Opened;
  /** Copies the log into the data file beside running commits. */
  checkpoint(): Checkpointed;
  close(): void;
};

export const readerVerbs: VerbTable<ReaderCalls & ReaderControls> = {
  readAttempts: { request: plain(), answer: attemptList },
  readReplays: small(),
  read: { request: refs, answer: maybeTasks },
  readHeads: { request: refs, answer: maybeHeads },
  list: { request: plain(), answer: taskPage },
  dueTasks: { request: plain(), answer: heads },
  expiredLeases: { request: plain(), answer: heads },
  duePauses: small(),
  getQueue: small(),
  getLimit: small(),
  readStanding: { request: plain(), answer: plain() },
  listLimits: small(),
  listWeights: small(),
  listQueues: small(),
  purgeMark: small(),
  leavingQueues: small(),
  missingQueue: small(),
  readNamespaceUse: small(),
  readPriorities: small(),
  readyCounts: small(),
  readEvents: { request: plain(), answer: eventPage },
  listDefinitions: { request: plain(), answer: definitionList },
  getMeta: {
    request: plain(),
    answer: packed<Bytes | undefined>(
      (to, value) => to.optionalBytes(value),
      (from) => from.optionalBytes(),
    ),
  },
  getLock: small(),
  listLocks: small(),
  getClaim: small(),
  listRevocations: small(),
  listClaims: small(),
  readOutput: { request: plain(), answer: outputPage },
  readQueueEvents: { request: plain(), answer: queueEventPage },
  readBarriers: small(),
  readMembers: small(),
  listBarriers: small(),
  readParts: small(),
  listCanvases: small(),
  barriersWithRest: small(),
  readRest: { request: plain(), answer: plain() },
  overdueCanvases: small(),
  readSchedules: { request: plain(), answer: maybeKeptSchedules },
  listSchedules: { request: plain(), answer: keptSchedules },
  dueSchedules: { request: plain(), answer: keptSchedules },
  listSlotRecords: { request: plain(), answer: slotRecords },
  open: small(),
  checkpoint: small(),
  close: small(),
};
