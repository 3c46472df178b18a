import type { TaskEventKind } from "../../model/event.ts";
import { type Instant, instantOf, type TaskId, taskIdOf } from "../../model/ids.ts";
import type { StateReason } from "../../model/task.ts";
import { codeOfReason, eventKinds, reasonOfCode } from "../sql/codes.ts";

/** What a row of the outbox says about one event; namespace, queue and place in the log come from the row. */
export type EventFact = {
  readonly kind: TaskEventKind;
  readonly reason: StateReason | undefined;
  readonly id: TaskId;
  readonly revision: number;
  readonly attempt: number;
  readonly at: Instant;
  /** Of an acceptance: the task that it comes from. */
  readonly cause?: TaskId | undefined;
};

/** Marks a kind whose fact ends with a cause. */
const withCause = 128;

/** Two codes, two bytes for the length of each id, and numbers of at most eight bytes each. */
const factBytesMax = 6 + 4 * 8;
const firstBytes = 1024;

/**
 * Facts packed into one blob as they come, about ten bytes and the id each. The blob begins with the time of the first; the others'
 * times are kept as their distance to it.
 */
export class FactPack {
  #bytes = Buffer.allocUnsafe(firstBytes);
  #length = 0;
  #firstAt = 0;
  #newestAt = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** The time of the newest fact. */
  get newestAt(): Instant {
    return instantOf(this.#newestAt);
  }

  add({ kind, reason, id, revision, attempt, at, cause }: EventFact): void {
    this.#reserve(factBytesMax + (id.length + (cause?.length ?? 0)) * 3);
    if (this.#length === 0) {
      this.#firstAt = at;
      this.#newestAt = at;
      this.#number(at);
    }
    if (at > this.#newestAt) this.#newestAt = at;
    this.#bytes[this.#length] = eventKinds.code(kind) + (cause === undefined ? 0 : withCause);
    this.#bytes[this.#length + 1] = codeOfReason(reason);
    this.#length += 2;
    this.#id(id);
    this.#number(revision);
    this.#number(attempt);
    this.#number(folded(at - this.#firstAt));
    if (cause !== undefined) this.#id(cause);
  }

  /** The blob so far: a view, good until the next fact. */
  blob(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const wider = Buffer.allocUnsafe(2 * (this.#bytes.length + bytes));
    this.#bytes.copy(wider, 0, 0, this.#length);
    this.#bytes = wider;
  }

  /** Its length in two bytes, and itself. */
  #id(id: TaskId): void {
    const idBytes = this.#bytes.write(id, this.#length + 2);
    this.#bytes.writeUInt16LE(idBytes, this.#length);
    this.#length += 2 + idBytes;
  }

  /** Seven bits a byte, lowest first; by division, because shifts end at 32 bits. */
  #number(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) + 128;
    this.#bytes[this.#length++] = rest;
  }
}

/** Unpacks a blob. */
export function unpackFacts(blob: Uint8Array): EventFact[] {
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

  function readId(): TaskId {
    const from = at + 2;
    at = from + bytes.readUInt16LE(at);
    return taskIdOf(bytes.toString("utf8", from, at));
  }

  const firstAt = bytes.length > 0 ? readNumber() : 0;
  while (at < bytes.length) {
    const code = bytes.readUInt8(at);
    const hasCause = code >= withCause;
    const kind = eventKinds.word(hasCause ? code - withCause : code);
    const reason = reasonOfCode(bytes.readUInt8(at + 1));
    at += 2;
    const id = readId();
    const [revision, attempt, distance] = [readNumber(), readNumber(), unfolded(readNumber())];
    const fact = { kind, reason, id, revision, attempt, at: instantOf(firstAt + distance) };
    facts.push(hasCause ? { ...fact, cause: readId() } : fact);
  }
  return facts;
}

/** A whole number as one that is not negative: small distances stay small, whichever way they go. */
const folded = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

const unfolded = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);
