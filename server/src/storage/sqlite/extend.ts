import type { ExtendRequest, LeaseCheck, LeaseRef } from "../../ports/task-store.ts";
import { stateCode, states } from "../sql/codes.ts";
import { command } from "./files/connection.ts";
import { createFind } from "./find.ts";
import { lostReason } from "./lost-lease.ts";
import type { Writing } from "./writing.ts";

/** Makes extend: moves the ends of leases that are still open. */
export function createExtend(writing: Writing): (request: ExtendRequest) => readonly LeaseCheck[] {
  const { db, ledger, limits, gates } = writing;
  const find = createFind(writing);
  // A task that went back to ready is leased again: its lease goes on, so its history says nothing new.
  const extend = command(
    db,
    `UPDATE tasks SET state = ${stateCode.leased}, reason = 0, timer_at =
       -- Only whoever names a length may shorten: a heartbeat leaves a longer extension as it is.
       max(min(? + coalesce(?, lease_ms, ?), coalesce(started_at + limit_ms + ${limits.timeLimitGraceMs}, 9e15)),
         iif(? AND state = ${stateCode.leased}, timer_at, 0))
     WHERE seq = ? AND fence_epoch = ? AND fence_seq = ? AND outcome_hash IS NULL
       AND state IN (${stateCode.ready}, ${stateCode.leased})`,
  );

  function extendOne(lease: LeaseRef, request: ExtendRequest): LeaseCheck {
    const task = find(lease);
    if (task === undefined) return { held: false, state: undefined, why: "task_unknown" };
    const { now, leaseMs, defaultLeaseMs, graceMs } = request;
    const { epoch, seq } = lease.fence;
    const keepsLonger = leaseMs === undefined ? 1 : 0;
    const until = [now + graceMs, leaseMs ?? null, defaultLeaseMs, keepsLonger] as const;
    if (extend(...until, task.seq, epoch, seq) === 0) {
      return {
        held: false,
        state: states.word(task.state),
        why: lostReason(task, lease.fence) ?? "superseded",
      };
    }
    if (task.state === stateCode.ready) {
      if (task.isTied) gates.moved(task.seq, stateCode.leased);
      ledger.move(task.queue, stateCode.ready, stateCode.leased);
    }
    return { held: true, cancel: task.cancel };
  }

  return (request) => request.leases.map((lease) => extendOne(lease, request));
}
