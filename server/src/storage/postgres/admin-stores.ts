import type { AdminStore } from "../../ports/admin-store.ts";
import type { QueueStore } from "../../ports/queue-store.ts";
import type { SideStore } from "../../ports/side-store.ts";
import type { Asking } from "./asking.ts";
import { noteReplays, readAttempts, readReplays } from "./attempts.ts";
import { edit } from "./edit.ts";
import { expireOverdue } from "./overdue.ts";
import { readPriorities } from "./priorities.ts";
import { purge } from "./purge.ts";
import { duePauses, endPauses, getQueue, listQueues, purgeMark, readyCounts, setPause } from "./queues.ts";
import { removeTasks } from "./remove.ts";
import { pruneOverfull, setRetention } from "./retention.ts";
import { listRevocations, revoke, withdrawRevocations } from "./revoke.ts";
import { saveCheckpoints } from "./save-checkpoints.ts";

/** What operators do to tasks. */
export const createAdminStore = ({ lane, read }: Asking): AdminStore => ({
  edit: (edits) => lane.ask(edit, edits),
  remove: (refs, now) => lane.call({}, (work) => removeTasks(work, refs, now)),
  revoke: (asked, now) => lane.call({ isAlone: true }, (work) => revoke(work, asked, now)),
  listRevocations: (page) => read((db) => listRevocations(db, page)),
  withdrawRevocations: (namespace, ids, now) =>
    lane.call({}, (work) => withdrawRevocations(work, namespace, ids, now)),
  readAttempts: (ref) => read((db) => readAttempts(db, ref)),
  noteReplays: (notes) => lane.call({}, (work) => noteReplays(work, notes)),
  readReplays: (refs) => read((db) => readReplays(db, refs)),
});

/** What few tasks have: checkpoints, deadlines and retention of their own. */
export const createSideStore = ({ lane }: Asking): SideStore => ({
  saveCheckpoints: (saves) => lane.ask(saveCheckpoints, saves),
  expireOverdue: (now, limit) => lane.call({}, (work) => expireOverdue(work, now, limit)),
  pruneOverfull: (now, limit) => lane.call({}, (work) => pruneOverfull(work, now, limit)),
  setRetention: (ref, purgeAt) => lane.call({}, (work) => setRetention(work, ref, purgeAt)),
});

/** Queues. */
export const createQueueStore = ({ lane, read, snapshot }: Asking): QueueStore => ({
  listQueues: (namespace, after, limit) => read((db) => listQueues(db, { namespace, after, limit })),
  getQueue: (ref) => read((db) => getQueue(db, ref)),
  readyCounts: (namespace, queues) => read((db) => readyCounts(db, namespace, queues)),
  readPriorities: (ref, countMax) => snapshot((db) => readPriorities(db, ref, countMax)),
  setPause: (ref, pause, now) => lane.call({}, (work) => setPause(work, ref, pause, now)),
  duePauses: (now, limit) => read((db) => duePauses(db, now, limit)),
  endPauses: (refs, now) => lane.call({}, (work) => endPauses(work, refs, now)),
  purge: (ref, upTo, now, limit) => lane.call({}, (work) => purge(work, ref, { upTo, now, limit })),
  purgeMark: (ref) => read((db) => purgeMark(db, ref)),
});
