/**
 * Auth: who calls. A token makes a principal of a caller, and so does a client certificate; it never says what a principal may do, which
 * is everything so far. Read on in token-file.ts.
 */

import { type Problem, StemProblem } from "../model/problem.ts";
import type { Credentials, Principal } from "../ports/principal.ts";
import { parseTokens, type TokenEntries, tokenDigest } from "./token-file.ts";

export { parseTokens, type TokenEntries };

/** What a caller was found to be. A program that holds the server itself is nobody in particular, and may call. */
export type Caller = {
  readonly principal: Principal | undefined;
  /** What its token is looked up by; undefined: it was let in without. */
  readonly digest: string | undefined;
};

/** Knows callers. */
export interface Auth {
  /** Who calls; or what keeps the call from being made. A token that came counts, whatever else there is. */
  identify(credentials: Credentials): Caller | Problem;
  /** Calls `onLost` once when `caller` is no longer who it was: within a check of its token's withdrawal or end. Answers how to stop. */
  watch(caller: Caller, onLost: (problem: StemProblem) => void): () => void;
  /** Looks again at all that are watched. */
  recheck(): void;
}

/** What knowing callers needs. */
export type AuthDeps = {
  /** The tokens in force, asked anew each time; undefined: there are none, and only certificates count. */
  readonly tokens: (() => TokenEntries) | undefined;
  readonly now: () => number;
};

const tokenMissing: Problem = { reason: "TOKEN_MISSING" };
const tokenInvalid: Problem = { reason: "TOKEN_INVALID" };
/** One space or more, as HTTP has it, and the scheme in any case. */
const bearer = /^bearer +(\S+)$/i;

/** Makes what knows callers. */
export function createAuth({ tokens, now }: AuthDeps): Auth {
  const watched = new Map<object, { readonly caller: Caller; readonly lose: () => void }>();

  function nameOf(digest: string): string | undefined {
    const entry = tokens?.().get(digest);
    if (entry === undefined || (entry.expiresAt !== undefined && entry.expiresAt <= now())) return undefined;
    return entry.name;
  }

  return {
    identify({ authorization, certificate, isInProcess }) {
      if (authorization !== undefined && tokens !== undefined) return byToken(authorization, nameOf);
      if (certificate !== undefined)
        return { principal: { name: certificate, by: "certificate" }, digest: undefined };
      return isInProcess ? { principal: undefined, digest: undefined } : tokenMissing;
    },
    watch(caller, onLost) {
      if (caller.digest === undefined) return () => undefined;
      const key = {};
      const lose = (): void => {
        watched.delete(key);
        onLost(new StemProblem(tokenInvalid));
      };
      watched.set(key, { caller, lose });
      return () => void watched.delete(key);
    },
    recheck() {
      for (const { caller, lose } of [...watched.values()])
        if (caller.digest !== undefined && nameOf(caller.digest) === undefined) lose();
    },
  };
}

function byToken(
  authorization: NonNullable<Credentials["authorization"]>,
  nameOf: (digest: string) => string | undefined,
): Caller | Problem {
  const token = typeof authorization === "string" ? bearer.exec(authorization)?.[1] : undefined;
  const digest = token === undefined ? undefined : tokenDigest(token);
  const name = digest === undefined ? undefined : nameOf(digest);
  return name === undefined ? tokenInvalid : { principal: { name, by: "token" }, digest };
}
