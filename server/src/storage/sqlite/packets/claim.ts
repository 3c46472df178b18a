import { instantOf, queueNameOf, taskIdOf } from "../../../model/ids.ts";
import type { Claimed, ClaimRequest } from "../../../ports/task-store.ts";
import { policyOfText, policyText } from "../../sql/policy-text.ts";
import { packed, plain, readList, writeList } from "./coder.ts";
import { readFence, writeFence } from "./lease.ts";
import { readInput, writeInput } from "./link.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How claim crosses. */
export const claimVerb = {
  request: plain<[ClaimRequest]>(),
  answer: packed<readonly Claimed[]>(
    (to, claimed) => writeList(to, claimed, writeClaimed),
    (from) => readList(from, readClaimed),
  ),
  items: ([{ limit }]: readonly [ClaimRequest]) => limit,
};

function writeClaimed(to: PacketWriter, claimed: Claimed): void {
  to.text(claimed.id);
  to.word(claimed.queue);
  writeFence(to, claimed.fence);
  to.number(claimed.createdAt);
  to.bytes(claimed.content);
  to.word(policyText(claimed.policy));
  to.number(claimed.attempt);
  to.number(claimed.deliveries);
  to.optionalBytes(claimed.checkpoint);
  if (claimed.policy.takesInput) writeInput(to, claimed.input);
}

function readClaimed(from: PacketReader): Claimed {
  const claimed = readPlain(from);
  if (!claimed.policy.takesInput) return claimed;
  const input = readInput(from);
  return input === undefined ? claimed : { ...claimed, input };
}

const readPlain = (from: PacketReader): Claimed => ({
  id: taskIdOf(from.text()),
  queue: queueNameOf(from.word()),
  fence: readFence(from),
  createdAt: instantOf(from.number()),
  content: from.bytes(),
  policy: policyOfText(from.word()),
  attempt: from.number(),
  deliveries: from.number(),
  checkpoint: from.optionalBytes(),
});
