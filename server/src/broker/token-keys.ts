import { createHmac } from "node:crypto";
import type { Bytes, Instant, Namespace } from "../model/ids.ts";
import type { Log } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import { type Seal, sealOf, tagSecretBytes } from "./token.ts";

const metaKey = "lease-token-keys";
const secretBytes = 32;
const storedKeyBytes = 8 + secretBytes;
/** How old a key may get before a new one takes over; the old one is accepted as long again. */
const rotateAfterMs = 7 * 86_400_000;

/** The keys that lease tokens are made with, kept in the store so that tokens outlive the process. */
export type TokenKeys = {
  /** Rises when the keys change: seals that were computed before are to be computed again. */
  readonly generation: number;
  /** What a session's tokens are made with: the first is for new tokens, all are accepted. */
  seals(namespace: Namespace, sessionId: Bytes): readonly Seal[];
  /** Makes a new key when the newest is older than a week, and keeps one predecessor. */
  rotateIfOld(now: Instant): Promise<void>;
  /** Reads them anew, because another server may have made one. */
  reread(): Promise<void>;
};

/** What the keys live on. */
export type TokenKeyDeps = {
  readonly store: Pick<Store, "getMeta" | "swapMeta">;
  readonly random: Pick<Random, "bytes">;
  readonly log: Log;
};

type Key = { readonly madeAt: number; readonly secret: Bytes };

/** Reads the keys, and makes the first one where there is none. */
export async function openTokenKeys(deps: TokenKeyDeps, now: Instant): Promise<TokenKeys> {
  const { store, random, log } = deps;
  let stored = await store.getMeta(metaKey);
  let keys = stored === undefined ? [] : decodeKeys(stored);
  let generation = 0;
  if (stored !== undefined && keys.length === 0)
    log.warn({ metaKey }, "the stored keys of lease tokens are unreadable; tokens made before are refused");

  async function rotateIfOld(at: Instant): Promise<void> {
    const [newest] = keys;
    if (newest !== undefined && at - newest.madeAt < rotateAfterMs) return;
    const rotated = [{ madeAt: at, secret: random.bytes(secretBytes) }, ...keys.slice(0, 1)];
    // Durable first: a token under a key that a crash forgets would be refused after the restart. Of servers that share a store one has
    // its way, and all go by what it made.
    adopt(await store.swapMeta(metaKey, stored, encodeKeys(rotated)));
  }

  function adopt(kept: Bytes | undefined): void {
    if (kept === undefined || (stored !== undefined && Buffer.compare(kept, stored) === 0)) return;
    stored = kept;
    keys = decodeKeys(kept);
    generation += 1;
  }

  await rotateIfOld(now);
  return {
    get generation() {
      return generation;
    },
    seals: (namespace, sessionId) =>
      keys.map(({ secret }) => sealOf(sessionId, tagSecretOf(secret, namespace, sessionId))),
    rotateIfOld,
    async reread() {
      adopt(await store.getMeta(metaKey));
    },
  };
}

/**
 * The purpose comes first and no namespace begins like it: older tokens carry, for all to read, the start of an HMAC with this secret
 * over namespace and session id.
 */
function tagSecretOf(secret: Bytes, namespace: Namespace, sessionId: Bytes): Bytes {
  return createHmac("sha256", secret)
    .update(`\0lease tags\0${namespace}\0`)
    .update(sessionId)
    .digest()
    .subarray(0, tagSecretBytes);
}

function encodeKeys(keys: readonly Key[]): Bytes {
  return Buffer.concat(
    keys.flatMap(({ madeAt, secret }) => {
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(BigInt(madeAt));
      return [time, secret];
    }),
  );
}

/** None when it is not what encodeKeys writes. */
function decodeKeys(stored: Bytes): Key[] {
  if (stored.length === 0 || stored.length > 2 * storedKeyBytes || stored.length % storedKeyBytes !== 0)
    return [];
  const view = Buffer.from(stored);
  return Array.from({ length: stored.length / storedKeyBytes }, (_, index) => {
    const at = index * storedKeyBytes;
    return {
      madeAt: Number(view.readBigUInt64BE(at)),
      secret: view.subarray(at + 8, at + storedKeyBytes),
    };
  });
}
