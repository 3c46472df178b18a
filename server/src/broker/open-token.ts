import type { Bytes, Namespace } from "../model/ids.ts";
import type { TokenFault } from "./lease.ts";
import type { LeaseBook } from "./lease-book.ts";
import {
  claimedSessionOf,
  type LeaseName,
  readToken,
  type Seal,
  sealOfToken,
  sessionIdBytes,
} from "./token.ts";
import type { TokenKeys } from "./token-keys.ts";

/** What a genuine token opens: the lease it names, the seal it is under, and the book it may stand in. */
export type OpenedToken = {
  readonly name: LeaseName;
  readonly seal: Seal;
  readonly book: LeaseBook | undefined;
};

/** Opens tokens; undefined for what is not a genuine token of whom it is to be from. */
export type OpenToken = (token: Bytes) => OpenedToken | undefined;

/** Says why a token was not opened. */
export type FaultOfToken = (token: Bytes) => TokenFault;

/** Tells genuine tokens of other sessions, which honest workers mix up, from those that nobody here made. */
export const faultBy =
  (open: OpenToken): FaultOfToken =>
  (token) =>
    open(token) === undefined ? "token_invalid" : "other_session";

/** A session, as far as its tokens are concerned. */
export type TokenOwner = { readonly seals: readonly Seal[]; readonly book: LeaseBook | undefined };

/** Opens one session's tokens only. */
export function openOwn({ seals, book }: TokenOwner): OpenToken {
  return (token) => {
    const seal = sealOfToken(token, seals);
    return seal && { name: readToken(token), seal, book };
  };
}

/** Opens the tokens of every session of a namespace, also of those that only their keys remember. For one batch. */
export function openAny(
  namespace: Namespace,
  keys: TokenKeys,
  findOwner: (sessionId: Bytes) => TokenOwner | undefined,
): OpenToken {
  // One HMAC a session, however many of its tokens the batch holds.
  const openers = new Map<string, OpenToken>();
  return (token) => {
    const sessionId = claimedSessionOf(token);
    if (sessionId === undefined) return undefined;
    const key = sessionKey(sessionId);
    let open = openers.get(key);
    if (open === undefined) {
      open = openOwn(findOwner(sessionId) ?? { seals: keys.seals(namespace, sessionId), book: undefined });
      openers.set(key, open);
    }
    return open(token);
  };
}

/** A session's id as a key of maps. */
export const sessionKey = (sessionId: Bytes): string =>
  Buffer.from(sessionId.buffer, sessionId.byteOffset, sessionIdBytes).toString("latin1");
