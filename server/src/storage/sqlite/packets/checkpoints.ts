import { instantOf } from "../../../model/ids.ts";
import type { CheckpointSave, CheckpointVerdict } from "../../../ports/checkpoint-store.ts";
import { packed, plain, readList, writeList } from "./coder.ts";
import { readLeaseRef, writeLeaseRef } from "./lease.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How saveCheckpoints crosses. */
export const saveCheckpointsVerb = {
  request: packed<[readonly CheckpointSave[]]>(
    (to, [saves]) => writeList(to, saves, writeSave),
    (from) => [readList(from, readSave)],
  ),
  answer: plain<readonly CheckpointVerdict[]>(),
  items: ([saves]: readonly [readonly CheckpointSave[]]) => saves.length,
};

function writeSave(to: PacketWriter, save: CheckpointSave): void {
  writeLeaseRef(to, save);
  to.number(save.now);
  to.bytes(save.data);
}

const readSave = (from: PacketReader): CheckpointSave => ({
  ...readLeaseRef(from),
  now: instantOf(from.number()),
  data: from.bytes(),
});
