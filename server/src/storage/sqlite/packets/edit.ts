import { instantOf, queueNameOf } from "../../../model/ids.ts";
import type { EditVerdict, GuardedEdit } from "../../../ports/admin-store.ts";
import { codeOfReason, reasonOfCode } from "../../sql/codes.ts";
import { readInstant } from "./change.ts";
import { packed, plain, readList, writeList } from "./coder.ts";
import { readRef, writeRef } from "./lease.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How edit crosses. */
export const editVerb = {
  request: packed<[readonly GuardedEdit[]]>(
    (to, [edits]) => writeList(to, edits, writeEdit),
    (from) => [readList(from, readEdit)],
  ),
  answer: plain<readonly EditVerdict[]>(),
  items: ([edits]: readonly [readonly GuardedEdit[]]) => edits.length,
};

function writeEdit(to: PacketWriter, { ref, revision, edited, now }: GuardedEdit): void {
  writeRef(to, ref);
  to.number(revision);
  to.number(now);
  to.flag(edited.state === "ready");
  to.number(codeOfReason(edited.reason));
  to.word(edited.queue);
  to.number(edited.priority);
  to.optionalNumber(edited.notBefore);
  to.optionalBytes(edited.content);
}

const readEdit = (from: PacketReader): GuardedEdit => ({
  ref: readRef(from),
  revision: from.number(),
  now: instantOf(from.number()),
  edited: {
    state: from.flag() ? "ready" : "scheduled",
    reason: reasonOfCode(from.number()),
    queue: queueNameOf(from.word()),
    priority: from.number(),
    notBefore: readInstant(from),
    content: from.optionalBytes(),
  },
});
