import type { Instant } from "../../model/ids.ts";
import { createAccepting } from "./accepting.ts";
import { createAdminCalls } from "./admin-calls.ts";
import { createApply } from "./apply.ts";
import { createClaim } from "./claim.ts";
import { createExtend } from "./extend.ts";
import { createLimitCalls } from "./limits.ts";
import { createPrune } from "./prune.ts";
import { createPurge } from "./purge.ts";
import { createQueueCalls } from "./queue-calls.ts";
import { createRecordCalls } from "./record-calls.ts";
import { createSettle } from "./settle.ts";
import { createSideCalls } from "./side-calls.ts";
import { createStartCalls } from "./start-calls.ts";
import type { WriterCalls } from "./threads/writer-verbs.ts";
import type { Writing } from "./writing.ts";

/** Makes the verbs that write. Each runs inside a transaction that somebody else began and ends. */
export function createWriterCalls(
  writing: Writing,
): WriterCalls & Pick<ReturnType<typeof createStartCalls>, "storePieces"> {
  const { gates, continuations } = writing;
  const accepting = createAccepting(writing);
  const { accept, goOn } = accepting;
  const starts = createStartCalls(writing, accepting);
  const admin = createAdminCalls(writing);
  const queues = createQueueCalls(writing);
  const side = createSideCalls(writing);

  /** A verb that moves tasks, takes in what the ends of some have made, and leaves the gates that it touched in order. */
  const tended =
    <Q extends readonly unknown[], A>(
      verb: (...request: Q) => A,
      timeOf: (...request: Q) => Instant | undefined,
    ) =>
    (...request: Q): A => {
      const answer = verb(...request);
      if (continuations.isOwed) goOn();
      if (gates.keeper.isTouched) {
        const now = timeOf(...request);
        if (now !== undefined) gates.tend(now);
      }
      return answer;
    };

  return {
    accept: tended(accept, ({ now }) => now),
    claim: tended(createClaim(writing), ({ now }) => now),
    extend: tended(createExtend(writing), ({ now }) => now),
    settle: tended(createSettle(writing), (settlements) => settlements[0]?.now),
    apply: tended(createApply(writing), (changes) => changes[0]?.now),
    ...admin,
    edit: tended(admin.edit, (edits) => edits[0]?.now),
    ...side,
    expireOverdue: tended(side.expireOverdue, (now) => now),
    prune: createPrune(writing),
    ...createLimitCalls(writing),
    ...queues,
    clearNamespace: tended(queues.clearNamespace, (_namespace, now) => now),
    purge: tended(createPurge(writing), (_ref, _upTo, now) => now),
    ...starts,
    submitCanvas: tended(starts.submitCanvas, (_canvas, now) => now),
    submitPieces: tended(starts.submitPieces, (_token, _canvas, now) => now),
    addMembers: tended(starts.addMembers, (_addition, now) => now),
    closeBarrier: tended(starts.closeBarrier, ({ now }) => now),
    fireSchedules: tended(starts.fireSchedules, (_fires, now) => now),
    ...createRecordCalls(writing),
  };
}
