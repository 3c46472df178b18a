import type { AttemptRecord } from "../../../model/attempt.ts";
import { instantOf } from "../../../model/ids.ts";
import { attemptOutcomes } from "../../sql/codes.ts";
import { readInstant } from "./change.ts";
import { packed, readList, writeList } from "./coder.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How the attempts of a task cross. */
export const attemptList = packed<readonly AttemptRecord[]>(
  (to, attempts) => writeList(to, attempts, writeAttempt),
  (from) => readList(from, readAttempt),
);

function writeAttempt(to: PacketWriter, record: AttemptRecord): void {
  to.number(record.attempt);
  to.number(attemptOutcomes.code(record.outcome));
  to.optionalNumber(record.startedAt);
  to.number(record.endedAt);
  to.optionalText(record.worker);
  to.optionalBytes(record.failure);
}

const readAttempt = (from: PacketReader): AttemptRecord => ({
  attempt: from.number(),
  outcome: attemptOutcomes.word(from.number()),
  startedAt: readInstant(from),
  endedAt: instantOf(from.number()),
  worker: from.optionalText(),
  failure: from.optionalBytes(),
});
