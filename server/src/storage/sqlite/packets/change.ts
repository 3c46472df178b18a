import type { Growth, Part } from "../../../model/canvas.ts";
import { type Instant, instantOf } from "../../../model/ids.ts";
import type { KeepNewest } from "../../../model/retention.ts";
import type { CancelMessage, CancelRequest } from "../../../model/task.ts";
import type { Continuation, MoreChange, TaskChange } from "../../../model/task-machine.ts";
import { partOfText, textOfPart } from "../../sql/barrier-text.ts";
import { codeOfReason, eventKinds, reasonOfCode, states } from "../../sql/codes.ts";
import { policyOfText, policyText } from "../../sql/policy-text.ts";
import { readList, readMaybe, writeList, writeMaybe } from "./coder.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** Writes what a transition writes. */
export function writeChange(to: PacketWriter, change: TaskChange): void {
  to.number(states.code(change.state));
  to.number(codeOfReason(change.reason));
  to.number(eventKinds.code(change.event));
  to.number(change.attempt);
  to.number(change.deliveriesDelta);
  to.optionalNumber(change.notBefore);
  to.optionalNumber(change.endedAt);
  to.optionalNumber(change.purgeAt);
  to.optionalBytes(change.result);
  to.optionalBytes(change.failure);
  writeCancel(to, change.cancel);
  to.flag(change.more !== undefined);
  if (change.more !== undefined) writeMore(to, change.more);
}

export const readChange = (from: PacketReader): TaskChange => ({
  state: states.word(from.number()),
  reason: reasonOfCode(from.number()),
  event: eventKinds.word(from.number()),
  attempt: from.number(),
  deliveriesDelta: from.number() === 0 ? 0 : -1,
  notBefore: readInstant(from),
  endedAt: readInstant(from),
  purgeAt: readInstant(from),
  result: from.optionalBytes(),
  failure: from.optionalBytes(),
  cancel: readCancel(from),
  more: from.flag() ? readMore(from) : undefined,
});

function writeMore(to: PacketWriter, more: MoreChange): void {
  const { policy, checkpoint, waitUntil, claimUntil, keepNewest, continues, grows } = more;
  to.optionalText(policy && policyText(policy));
  to.optionalBytes(checkpoint);
  to.optionalNumber(waitUntil);
  to.optionalNumber(claimUntil);
  writeMaybe(to, keepNewest, writeBound);
  writeMaybe(to, continues, writeContinuation);
  writeMaybe(to, grows, writeGrowth);
}

function writeContinuation(to: PacketWriter, { on, unkept, isLast = false }: Continuation): void {
  to.number(on === "attempted" ? attemptedCode : states.code(on));
  to.optionalBytes(unkept);
  to.flag(isLast);
}

/** That a first attempt has ended is no state. */
const attemptedCode = -1;

function writeGrowth(to: PacketWriter, { contentHash, replacement, members, parts }: Growth): void {
  to.text(contentHash);
  to.optionalText(replacement && textOfPart(replacement));
  to.optionalText(members && textOfPart(members));
  writeList(to, parts, (_, part) => to.text(textOfPart(part)));
}

function writeBound(to: PacketWriter, { count, bytes }: KeepNewest): void {
  to.optionalNumber(count);
  to.optionalNumber(bytes);
}

const readBound = (from: PacketReader): KeepNewest => ({
  count: from.optionalNumber(),
  bytes: from.optionalNumber(),
});

function readMore(from: PacketReader): MoreChange {
  const policy = from.optionalText();
  return {
    policy: policy === undefined ? undefined : policyOfText(policy),
    checkpoint: from.optionalBytes(),
    waitUntil: readInstant(from),
    claimUntil: readInstant(from),
    keepNewest: readMaybe(from, readBound),
    continues: readMaybe(from, readContinuation),
    grows: readMaybe(from, readGrowth),
  };
}

function readContinuation(from: PacketReader): Continuation {
  const code = from.number();
  const on = code === attemptedCode ? "attempted" : (states.word(code) as Continuation["on"]);
  return { on, unkept: from.optionalBytes(), isLast: from.flag() };
}

const readGrowth = (from: PacketReader): Growth => ({
  contentHash: from.text(),
  replacement: readPart(from),
  members: readPart(from),
  parts: readList(from, () => partOfText(from.text())),
});

function readPart(from: PacketReader): Part | undefined {
  const text = from.optionalText();
  return text === undefined ? undefined : partOfText(text);
}

/** Writes a request to cancel, or that there is none. */
export function writeCancel(to: PacketWriter, cancel: CancelRequest | undefined): void {
  writeCancelMessage(to, cancel);
  if (cancel !== undefined) to.number(cancel.at);
}

export function readCancel(from: PacketReader): CancelRequest | undefined {
  const message = readCancelMessage(from);
  return message && { ...message, at: instantOf(from.number()) };
}

/** Writes what whoever cancels says, or that nobody does. */
export function writeCancelMessage(to: PacketWriter, message: CancelMessage | undefined): void {
  to.optionalText(message?.reason);
  if (message !== undefined) to.optionalText(message.requester);
}

export function readCancelMessage(from: PacketReader): CancelMessage | undefined {
  const reason = from.optionalText();
  return reason === undefined ? undefined : { reason, requester: from.optionalText() };
}

/** Reads a time that may be missing. */
export function readInstant(from: PacketReader): Instant | undefined {
  const value = from.optionalNumber();
  return value === undefined ? undefined : instantOf(value);
}
