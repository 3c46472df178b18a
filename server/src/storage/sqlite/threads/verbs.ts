/** What the main thread may ask of the others, and how questions and answers cross. */

import type { Bytes, Instant } from "../../../model/ids.ts";
import type { AddVerdict, SubmitVerdict } from "../../../ports/canvas-store.ts";
import type { Store } from "../../../ports/store.ts";
import type { AdditionToKeep, CanvasToKeep } from "../canvases/submit.ts";
import { acceptVerb } from "../packets/accept.ts";
import { applyVerb } from "../packets/apply.ts";
import { attemptList } from "../packets/attempt.ts";
import { addMembersVerb, closeBarrierVerb, submitCanvasVerb } from "../packets/canvas.ts";
import { saveCheckpointsVerb } from "../packets/checkpoints.ts";
import { claimVerb } from "../packets/claim.ts";
import { type Coder, packed, plain, readMaybe, writeMaybe } from "../packets/coder.ts";
import { definitionList, oneList } from "../packets/definition.ts";
import { editVerb } from "../packets/edit.ts";
import { eventPage } from "../packets/event.ts";
import { extendVerb } from "../packets/extend.ts";
import { outputPage, writeOutputVerb } from "../packets/output.ts";
import { newQueueEvent, queueEventPage } from "../packets/queue-event.ts";
import { settleVerb } from "../packets/settle.ts";
import { heads, maybeHeads, maybeTasks, refs, taskPage } from "../packets/task.ts";

/** How one verb crosses. `items`: how much work a request is, for the size of a commit; one without. */
export type Verb<Q, A> = {
  readonly request: Coder<Q>;
  readonly answer: Coder<A>;
  readonly items?: (request: Q) => number;
};

/** The verbs of a thread: for each of its calls, how that crosses. */
export type VerbTable<S> = {
  readonly [V in keyof S]: S[V] extends (...request: infer Q) => infer A ? Verb<Q, A> : never;
};

/** The same calls, answered at once. */
type Sync<T> = {
  [V in keyof T]: T[V] extends (...request: infer Q) => Promise<infer A> ? (...request: Q) => A : never;
};

/** Frames of the write-ahead log: all, and those that are in the data file already. */
export type Checkpointed = { readonly pages: number; readonly pagesCopied: number };

/** What the writing thread does. */
export type WriterCalls = Sync<
  Pick<
    Store,
    | "accept"
    | "claim"
    | "extend"
    | "settle"
    | "apply"
    | "edit"
    | "remove"
    | "noteReplays"
    | "saveCheckpoints"
    | "expireOverdue"
    | "pruneOverfull"
    | "setRetention"
    | "prune"
    | "setPause"
    | "endPauses"
    | "revoke"
    | "withdrawRevocations"
    | "putLimit"
    | "deleteLimit"
    | "setGatePause"
    | "openGates"
    | "putWeight"
    | "purge"
    | "createQueue"
    | "updateQueue"
    | "deleteQueue"
    | "forgetQueues"
    | "openNamespaces"
    | "createNamespace"
    | "updateNamespace"
    | "clearNamespace"
    | "truncateEvents"
    | "swapMeta"
    | "putMeta"
    | "putDefinitions"
    | "removeDefinition"
    | "acquireLock"
    | "renewLock"
    | "releaseLock"
    | "pruneLocks"
    | "pruneClaims"
    | "writeOutput"
    | "emitQueueEvent"
    | "pruneQueueEvents"
    | "closeBarrier"
    | "markSwept"
    | "pruneCanvases"
  >
> & {
  submitCanvas(canvas: CanvasToKeep, now: Instant): SubmitVerdict;
  addMembers(addition: AdditionToKeep, now: Instant): AddVerdict;
};

/** The file is open, or why not, in words for the operator. */
export type Opened = { readonly refused: string | undefined };

/** What the writing thread does around its transactions. */
export type WriterControls = {
  /** Opens the file, lays it out, raises the epoch. The first call. */
  open(): Opened;
  /** Copies what is left of the log into the data file, between two commits. */
  checkpoint(): Checkpointed;
  /** There is room again: accepts are taken. */
  resumeAccepting(): void;
  /** Closes the file. The last call. */
  close(): void;
};

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
  >
>;

/** What the reading thread does besides. */
export type ReaderControls = {
  /** The first call, after the writer's. */
  open(): Opened;
  /** Copies the log into the data file beside running commits. */
  checkpoint(): Checkpointed;
  close(): void;
};

/** For questions and answers that are small and carry no bytes. */
const small = <Q, A>(): Verb<Q, A> => ({ request: plain<Q>(), answer: plain<A>() });

export const writerVerbs: VerbTable<WriterCalls & WriterControls> = {
  accept: acceptVerb,
  claim: claimVerb,
  extend: extendVerb,
  settle: settleVerb,
  apply: applyVerb,
  edit: editVerb,
  noteReplays: { ...small(), items: ([notes]) => notes.length },
  remove: { ...small(), items: ([gone]) => gone.length },
  saveCheckpoints: saveCheckpointsVerb,
  expireOverdue: { ...small(), items: ([, limit]) => limit },
  pruneOverfull: { ...small(), items: ([, limit]) => limit },
  setRetention: small(),
  prune: { ...small(), items: ([, limit]) => limit },
  setPause: small(),
  endPauses: small(),
  revoke: { ...small(), items: ([asked]) => asked.length },
  withdrawRevocations: { ...small(), items: ([, ids]) => ids.length },
  putLimit: small(),
  deleteLimit: small(),
  setGatePause: small(),
  openGates: small(),
  putWeight: small(),
  purge: { ...small(), items: ([, , , limit]) => limit },
  createQueue: small(),
  updateQueue: small(),
  deleteQueue: small(),
  forgetQueues: { ...small(), items: ([, limit]) => limit },
  openNamespaces: small(),
  createNamespace: small(),
  updateNamespace: small(),
  clearNamespace: { ...small(), items: ([, , limit]) => limit },
  truncateEvents: { ...small(), items: ([, , limit]) => limit },
  putDefinitions: { request: oneList, answer: plain(), items: ([records]) => records.length },
  removeDefinition: small(),
  swapMeta: {
    request: packed<[string, Bytes | undefined, Bytes]>(
      (to, [key, before, value]) => {
        to.text(key);
        writeMaybe(to, before, (at, bytes) => at.bytes(bytes));
        to.bytes(value);
      },
      (from) => [from.text(), readMaybe(from, (at) => at.bytes()), from.bytes()],
    ),
    answer: packed<Bytes>(
      (to, value) => to.bytes(value),
      (from) => from.bytes(),
    ),
  },
  putMeta: {
    request: packed<[string, Bytes]>(
      (to, [key, value]) => {
        to.text(key);
        to.bytes(value);
      },
      (from) => [from.text(), from.bytes()],
    ),
    answer: plain(),
  },
  acquireLock: small(),
  renewLock: small(),
  releaseLock: small(),
  pruneLocks: { ...small(), items: ([, limit]) => limit },
  pruneClaims: { ...small(), items: ([, limit]) => limit },
  writeOutput: writeOutputVerb,
  emitQueueEvent: { request: newQueueEvent, answer: plain() },
  pruneQueueEvents: { ...small(), items: ([, limit]) => limit },
  submitCanvas: submitCanvasVerb,
  addMembers: addMembersVerb,
  closeBarrier: closeBarrierVerb,
  markSwept: { ...small(), items: ([swept]) => swept.length },
  pruneCanvases: { ...small(), items: ([, limit]) => limit },
  open: small(),
  checkpoint: small(),
  resumeAccepting: small(),
  close: small(),
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
  open: small(),
  checkpoint: small(),
  close: small(),
};
