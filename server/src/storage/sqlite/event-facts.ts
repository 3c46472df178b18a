import type { TaskEventKind } from "../../model/event.ts";
import { type Instant, instantOf, type TaskId, taskIdOf } from "../../model/ids.ts";
import type { StateReason } from "../../model/task.ts";
import { codeOfReason, eventKinds, reasonOfCode } from "./codes.ts";

/** What a row of the outbox says about one event; namespace, queue and place in the log come from the row. */
export type EventFact = {
  readonly kind: TaskEventKind;
  readonly reason: StateReason | undefined;
  readonly id: TaskId;
  readonly revision: number;
  readonly attempt: number;
  readonly at: Instant;
};

/** Two codes, two bytes for an id's length, and three numbers of at most eight bytes. */
const factBytesMax = 4 + 3 * 8;

/** Reused from row to row; grows to the largest. */
let scratch = Buffer.alloc(64 * 1024);
let place = 0;

/** Packs facts into one blob, about ten bytes and the id each. Times are kept as their distance to `newestAt`. The blob is a view. */
export function packFacts(facts: readonly EventFact[], newestAt: Instant): Uint8Array {
  place = 0;
  for (const { kind, reason, id, revision, attempt, at } of facts) {
    reserve(factBytesMax + id.length * 3);
    scratch[place] = eventKinds.code(kind);
    scratch[place + 1] = codeOfReason(reason);
    const idBytes = scratch.write(id, place + 4);
    scratch.writeUInt16LE(idBytes, place + 2);
    place += 4 + idBytes;
    writeNumber(revision);
    writeNumber(attempt);
    writeNumber(newestAt - at);
  }
  return scratch.subarray(0, place);
}

/** Unpacks what packFacts packed. */
export function unpackFacts(blob: Uint8Array, newestAt: Instant): EventFact[] {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.length);
  const facts: EventFact[] = [];
  let at = 0;

  function readNumber(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  while (at < bytes.length) {
    const kind = eventKinds.word(bytes.readUInt8(at));
    const reason = reasonOfCode(bytes.readUInt8(at + 1));
    const idEnd = at + 4 + bytes.readUInt16LE(at + 2);
    const id = taskIdOf(bytes.toString("utf8", at + 4, idEnd));
    at = idEnd;
    const [revision, attempt, age] = [readNumber(), readNumber(), readNumber()];
    facts.push({ kind, reason, id, revision, attempt, at: instantOf(newestAt - age) });
  }
  return facts;
}

function reserve(bytes: number): void {
  if (place + bytes <= scratch.length) return;
  const wider = Buffer.alloc(2 * (scratch.length + bytes));
  scratch.copy(wider, 0, 0, place);
  scratch = wider;
}

/** Seven bits a byte, lowest first; by division, because shifts end at 32 bits. */
function writeNumber(value: number): void {
  let rest = value;
  while (rest >= 128) {
    scratch[place] = (rest % 128) + 128;
    place += 1;
    rest = Math.floor(rest / 128);
  }
  scratch[place] = rest;
  place += 1;
}
