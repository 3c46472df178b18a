import { instantOf } from "../../../model/ids.ts";
import type { ExtendRequest, LeaseCheck } from "../../../ports/task-store.ts";
import { readCancelMessage, writeCancelMessage } from "./change.ts";
import { packed, readList, writeList } from "./coder.ts";
import { readLeaseRef, readLost, writeLeaseRef, writeLost } from "./lease.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How extend crosses. */
export const extendVerb = {
  request: packed<[ExtendRequest]>(
    (to, [request]) => {
      to.number(request.now);
      to.optionalNumber(request.leaseMs);
      to.number(request.defaultLeaseMs);
      to.number(request.graceMs);
      writeList(to, request.leases, writeLeaseRef);
    },
    (from) => [
      {
        now: instantOf(from.number()),
        leaseMs: from.optionalNumber(),
        defaultLeaseMs: from.number(),
        graceMs: from.number(),
        leases: readList(from, readLeaseRef),
      },
    ],
  ),
  answer: packed<readonly LeaseCheck[]>(
    (to, checks) => writeList(to, checks, writeCheck),
    (from) => readList(from, readCheck),
  ),
  items: ([{ leases }]: readonly [ExtendRequest]) => leases.length,
};

function writeCheck(to: PacketWriter, check: LeaseCheck): void {
  to.flag(check.held);
  if (check.held) writeCancelMessage(to, check.cancel);
  else writeLost(to, check);
}

const readCheck = (from: PacketReader): LeaseCheck =>
  from.flag() ? { held: true, cancel: readCancelMessage(from) } : { held: false, ...readLost(from) };
