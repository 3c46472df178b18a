/**
 * Lease tokens: version (1 byte), session id (16), tag (8), fence epoch (8), fence seq (8), task id (the rest, ASCII). The tag is a hash
 * over fence and id with a key of the session's own: it proves that this session was given this very lease, so that a token
 * cannot be made of another one. The key comes from one HMAC a session; one a task would cost half of what a whole task may.
 */

import { type SipKey, sipHash, sipKeyBytes, sipKeyOf } from "../lib/sip-hash.ts";
import { type Bytes, type TaskId, taskIdOf } from "../model/ids.ts";
import type { Fence } from "../model/task.ts";

/** How long a session's id is, in bytes. */
export const sessionIdBytes = 16;
/** How long the secret is that a session's tags are made with, in bytes. */
export const tagSecretBytes = sipKeyBytes;

/** In version 1 the tag was the session's alone, and said nothing about the lease. */
const tokenVersion = 2;
const headBytes = 1 + sessionIdBytes;
const tagAt = headBytes;
const fenceAt = tagAt + 8;
const idAt = fenceAt + 16;
const taskIdBytesMax = 128;

/** What a token names. */
export type LeaseName = { readonly id: TaskId; readonly fence: Fence };

/** What a session's tokens begin with, and the key of their tags. Whoever has it can make them all: it never leaves the server. */
export type Seal = { readonly head: Bytes; readonly key: SipKey };

/** The seal of a session. */
export const sealOf = (sessionId: Bytes, tagSecret: Bytes): Seal => ({
  head: Buffer.concat([Buffer.of(tokenVersion), sessionId]),
  key: sipKeyOf(tagSecret),
});

/** The token of a lease, under its session's seal. */
export function writeToken({ head, key }: Seal, { id, fence }: LeaseName): Bytes {
  const token = Buffer.allocUnsafe(idAt + id.length);
  token.set(head, 0);
  writeHalves(token, fence.epoch, fenceAt);
  writeHalves(token, fence.seq, fenceAt + 8);
  token.write(id, idAt, "latin1");
  const tag = sipHash(key, token, fenceAt);
  token.writeInt32LE(tag.low, tagAt);
  token.writeInt32LE(tag.high, tagAt + 4);
  return token;
}

/** The one of these seals that a token is under; undefined for whatever was not written with one of them, down to its last bit. */
export function sealOfToken(token: Bytes, seals: readonly Seal[]): Seal | undefined {
  if (!isTokenLong(token)) return undefined;
  const view = viewOf(token);
  return seals.find((seal) => isUnder(view, seal));
}

/** What a token names that was found genuine. */
export function readToken(token: Bytes): LeaseName {
  const view = viewOf(token);
  const fence = { epoch: readHalves(view, fenceAt), seq: readHalves(view, fenceAt + 8) };
  return { id: taskIdOf(view.toString("latin1", idAt)), fence };
}

/** Whose token it says it is, unproven; undefined when it cannot be a token. */
export function claimedSessionOf(token: Bytes): Bytes | undefined {
  return isTokenLong(token) ? token.subarray(1, headBytes) : undefined;
}

const isTokenLong = (token: Bytes): boolean => token.length > idAt && token.length <= idAt + taskIdBytesMax;

const viewOf = (bytes: Bytes): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Looks at all of head and tag in any case: how long that takes tells nobody how much of a guess was right. */
function isUnder(token: Buffer, { head, key }: Seal): boolean {
  const tag = sipHash(key, token, fenceAt);
  let difference = (token.readInt32LE(tagAt) ^ tag.low) | (token.readInt32LE(tagAt + 4) ^ tag.high);
  for (let at = 0; at < headBytes; at++) difference |= (token[at] ?? 0) ^ (head[at] ?? 0);
  return difference === 0;
}

function writeHalves(token: Buffer, value: number, at: number): void {
  token.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  token.writeUInt32BE(value >>> 0, at + 4);
}

const readHalves = (token: Buffer, at: number): number =>
  token.readUInt32BE(at) * 2 ** 32 + token.readUInt32BE(at + 4);
