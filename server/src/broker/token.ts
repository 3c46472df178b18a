/**
 * Lease tokens: version (1 byte), session id (16), session tag (16), fence epoch (8), fence seq (8), task id (the rest, ASCII). The first
 * three are the session's seal: its tag proves that we made the session, and the store checks the fence. One HMAC per session, because
 * one per task would cost twice what a whole task may.
 */

import { timingSafeEqual } from "node:crypto";
import { type Bytes, type TaskId, taskIdOf } from "../model/ids.ts";
import type { Fence } from "../model/task.ts";

/** How long a session's id is, in bytes. */
export const sessionIdBytes = 16;
/** How long the tag in a seal is, in bytes. */
export const tagBytes = 16;

const tokenVersion = 1;
const sealBytes = 1 + sessionIdBytes + tagBytes;
const fenceBytes = 16;
const idAt = sealBytes + fenceBytes;
const taskIdBytesMax = 128;
/** A fence's parts stay below 2^53, so no more than this is in an upper half. */
const upperHalfMax = 0x1f_ffff;

/** What a token names. */
export type LeaseName = { readonly id: TaskId; readonly fence: Fence };

/** The bytes that all tokens of a session begin with. */
export function sealOf(sessionId: Bytes, tag: Bytes): Bytes {
  return Buffer.concat([Buffer.of(tokenVersion), sessionId, tag]);
}

/** The token of a lease, under its session's seal. */
export function writeToken(seal: Bytes, { id, fence }: LeaseName): Bytes {
  const token = Buffer.allocUnsafe(idAt + id.length);
  token.set(seal, 0);
  writeHalves(token, fence.epoch, sealBytes);
  writeHalves(token, fence.seq, sealBytes + 8);
  token.write(id, idAt, "latin1");
  return token;
}

/** The one of these seals that a token is under; undefined for whatever else came in. */
export function sealOfToken(token: Bytes, seals: readonly Bytes[]): Bytes | undefined {
  if (!isTokenLong(token)) return undefined;
  const head = token.subarray(0, sealBytes);
  return seals.find((seal) => timingSafeEqual(head, seal));
}

/** What a token names whose seal was found genuine; undefined when the rest of it is garbage. */
export function readToken(token: Bytes): LeaseName | undefined {
  const view = viewOf(token);
  const epoch = readHalves(view, sealBytes);
  const seq = readHalves(view, sealBytes + 8);
  if (epoch === undefined || seq === undefined) return undefined;
  return { id: taskIdOf(view.toString("latin1", idAt)), fence: { epoch, seq } };
}

/** Whose token it says it is, unproven; undefined when it cannot be a token. */
export function claimedSessionOf(token: Bytes): Bytes | undefined {
  return isTokenLong(token) ? token.subarray(1, 1 + sessionIdBytes) : undefined;
}

const isTokenLong = (token: Bytes): boolean => token.length > idAt && token.length <= idAt + taskIdBytesMax;

const viewOf = (bytes: Bytes): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function writeHalves(token: Buffer, value: number, at: number): void {
  token.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  token.writeUInt32BE(value >>> 0, at + 4);
}

function readHalves(token: Buffer, at: number): number | undefined {
  const upper = token.readUInt32BE(at);
  return upper > upperHalfMax ? undefined : upper * 2 ** 32 + token.readUInt32BE(at + 4);
}
