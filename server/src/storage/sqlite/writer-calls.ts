import { createAccept } from "./accept.ts";
import { createApply } from "./apply.ts";
import { createClaim } from "./claim.ts";
import { createEdit } from "./edit.ts";
import { createExtend } from "./extend.ts";
import { createEndPauses, createSetPause } from "./pause.ts";
import { createPrune } from "./prune.ts";
import { createPurge } from "./purge.ts";
import { createRecordCalls } from "./record-calls.ts";
import { createRemove } from "./remove.ts";
import { createRevoke } from "./revoke.ts";
import { createSettle } from "./settle.ts";
import { createSideCalls } from "./side-calls.ts";
import type { WriterCalls } from "./threads/verbs.ts";
import { createTruncateEvents } from "./truncate-events.ts";
import type { Writing } from "./writing.ts";

/** Makes the verbs that write. Each runs inside a transaction that somebody else began and ends. */
export const createWriterCalls = (writing: Writing): WriterCalls => ({
  accept: createAccept(writing),
  claim: createClaim(writing),
  extend: createExtend(writing),
  settle: createSettle(writing),
  apply: createApply(writing),
  edit: createEdit(writing),
  remove: createRemove(writing),
  revoke: createRevoke(writing),
  ...createSideCalls(writing),
  prune: createPrune(writing),
  setPause: createSetPause(writing),
  endPauses: createEndPauses(writing),
  purge: createPurge(writing),
  truncateEvents: createTruncateEvents(writing),
  ...createRecordCalls(writing),
});
