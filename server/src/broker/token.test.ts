import { expect, test } from "vitest";
import { composedToken } from "../../../test/support/composed-token.ts";
import { taskIdOf } from "../model/ids.ts";
import { claimedSessionOf, readToken, sealOf, sealOfToken, writeToken } from "./token.ts";

const sessionId = Buffer.alloc(16, 3);
const secret = Buffer.alloc(16, 7);
const seal = sealOf(sessionId, secret);
const lease = { id: taskIdOf("task-1"), fence: { epoch: 1_800_000_000_000, seq: 42 } };

test("a token names its lease, also at the ends of what ids and fences may be", () => {
  for (const name of [
    lease,
    { id: taskIdOf("~".repeat(128)), fence: { epoch: 2 ** 53 - 1, seq: 2 ** 53 - 1 } },
    { id: taskIdOf("!"), fence: { epoch: 0, seq: 2 ** 32 } },
  ]) {
    const token = writeToken(seal, name);
    expect(sealOfToken(token, [seal])).toBe(seal);
    expect(readToken(token)).toEqual(name);
    expect(token.length).toBeLessThanOrEqual(512);
  }
});

test("a token is read from the middle of a frame as well", () => {
  const token = writeToken(seal, lease);
  const frame = new Uint8Array(token.length + 20);
  frame.set(token, 11);
  const cut = frame.subarray(11, 11 + token.length);
  expect(sealOfToken(cut, [seal])).toBe(seal);
  expect(readToken(cut)).toEqual(lease);
});

test("every seal of a session opens it, the newest and its predecessor", () => {
  const older = sealOf(sessionId, Buffer.alloc(16, 8));
  expect(sealOfToken(writeToken(older, lease), [seal, older])).toBe(older);
  expect(sealOfToken(writeToken(older, lease), [seal])).toBeUndefined();
});

test("a bit flipped anywhere, in session, tag, fence or task, makes it a stranger's", () => {
  const token = writeToken(seal, lease);
  for (let bit = 0; bit < token.length * 8; bit++) {
    const forged = Buffer.from(token);
    forged.writeUInt8((token[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
    expect(sealOfToken(forged, [seal]), `bit ${bit}`).toBeUndefined();
  }
});

test("a token cannot be put together from others of its session", () => {
  const other = { id: taskIdOf("task-2"), fence: { epoch: 1_800_000_000_000, seq: 43 } };
  const mine = writeToken(seal, lease);
  for (const name of [other, { ...lease, id: other.id }, { ...lease, fence: other.fence }]) {
    const composed = composedToken(mine, writeToken(seal, name));
    expect(readToken(composed), "it says what it was made to say").toEqual(name);
    expect(sealOfToken(composed, [seal])).toBeUndefined();
  }
});

test("the same key under another session's id is another session's", () => {
  const stranger = sealOf(Buffer.alloc(16, 4), secret);
  expect(sealOfToken(writeToken(stranger, lease), [seal])).toBeUndefined();
});

test("a token of the version that did not bind the lease is refused", () => {
  const named = writeToken(seal, lease).subarray(-"task-1".length - 16);
  const old = Buffer.concat([Buffer.of(1), sessionId, secret, named]);
  expect(sealOfToken(old, [seal])).toBeUndefined();
});

test("garbage is refused, never thrown at", () => {
  const token = writeToken(seal, lease);
  for (let length = 0; length < 42; length++) {
    expect(sealOfToken(token.subarray(0, length), [seal])).toBeUndefined();
    expect(claimedSessionOf(token.subarray(0, length))).toBeUndefined();
  }
  expect(sealOfToken(Buffer.concat([token, Buffer.alloc(200)]), [seal]), "too long").toBeUndefined();
  expect(sealOfToken(Buffer.concat([token, Buffer.of(0)]), [seal]), "longer by a zero").toBeUndefined();
  expect(sealOfToken(token.subarray(0, -1), [seal]), "a shorter id").toBeUndefined();
  expect(sealOfToken(Buffer.alloc(80, 0xff), [seal])).toBeUndefined();
});

test("a token tells which session it says it is from", () => {
  expect(claimedSessionOf(writeToken(seal, lease))).toEqual(sessionId);
});
