/** What the main thread may ask of the writing one, and how questions and answers cross. */

import type { Bytes } from "../../../model/ids.ts";
import type { Store } from "../../../ports/store.ts";
import { acceptVerb } from "../packets/accept.ts";
import { applyVerb } from "../packets/apply.ts";
import { saveCheckpointsVerb } from "../packets/checkpoints.ts";
import { claimVerb } from "../packets/claim.ts";
import { packed, plain, readMaybe, writeMaybe } from "../packets/coder.ts";
import { oneList } from "../packets/definition.ts";
import { editVerb } from "../packets/edit.ts";
import { extendVerb } from "../packets/extend.ts";
import { writeOutputVerb } from "../packets/output.ts";
import { newQueueEvent } from "../packets/queue-event.ts";
import { settleVerb } from "../packets/settle.ts";
import { type StartCalls, startVerbs } from "./start-verbs.ts";
import { type Checkpointed, type Opened, type Sync, small, type VerbTable } from "./verb.ts";

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
  >
> &
  StartCalls;

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
  ...startVerbs,
  open: small(),
  checkpoint: small(),
  resumeAccepting: small(),
  close: small(),
};
