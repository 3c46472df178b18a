import { instantOf } from "../../../model/ids.ts";
import type { GuardedChange } from "../../../ports/task-store.ts";
import { readChange, readInstant, writeChange } from "./change.ts";
import { packed, plain, readList, writeList } from "./coder.ts";
import { readRef, writeRef } from "./lease.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How apply crosses. */
export const applyVerb = {
  request: packed<[readonly GuardedChange[]]>(
    (to, [changes]) => writeList(to, changes, writeGuarded),
    (from) => [readList(from, readGuarded)],
  ),
  answer: plain<readonly ("applied" | "conflict")[]>(),
  items: ([changes]: readonly [readonly GuardedChange[]]) => changes.length,
};

function writeGuarded(to: PacketWriter, guarded: GuardedChange): void {
  writeRef(to, guarded.ref);
  to.number(guarded.revision);
  to.optionalNumber(guarded.leaseUntilBefore);
  to.number(guarded.now);
  writeChange(to, guarded.change);
}

const readGuarded = (from: PacketReader): GuardedChange => ({
  ref: readRef(from),
  revision: from.number(),
  leaseUntilBefore: readInstant(from),
  now: instantOf(from.number()),
  change: readChange(from),
});
