import { expect, test } from "vitest";
import type { Credentials } from "../ports/principal.ts";
import { type Auth, type Caller, createAuth } from "./auth.ts";
import { parseTokens, type TokenEntries } from "./token-file.ts";

const adas = "adas-token-of-forty-characters-or-more-AAAA";
const bobs = "bobs-token-of-forty-characters-or-more-BBBB";
const nobody: Credentials = { authorization: undefined, certificate: undefined, isInProcess: false };
const bearing = (token: string): Credentials => ({ ...nobody, authorization: `Bearer ${token}` });

/** Auth over a list of tokens and a time that tests change. */
function authOf(text: string) {
  const now = { tokens: parseTokens("tokens", text), at: 0 };
  const auth = createAuth({ tokens: () => now.tokens, now: () => now.at });
  const put = (tokens: TokenEntries): void => {
    now.tokens = tokens;
  };
  return { auth, put, now };
}

const nameOf = (auth: Auth, credentials: Credentials): string | undefined => {
  const found = auth.identify(credentials);
  return "reason" in found ? found.reason : found.principal?.name;
};

function callerOf(auth: Auth, token: string): Caller {
  const found = auth.identify(bearing(token));
  if ("reason" in found) throw new Error(found.reason);
  return found;
}

test("a caller is who the token says, else who the certificate says, else nobody", () => {
  const { auth } = authOf(`ada ${adas}\nbob ${bobs}`);
  expect(nameOf(auth, bearing(adas))).toBe("ada");
  expect(nameOf(auth, { ...nobody, authorization: `bearer   ${bobs}` })).toBe("bob");
  expect(nameOf(auth, { ...nobody, certificate: "worker" })).toBe("worker");
  expect(nameOf(auth, { ...bearing(adas), certificate: "worker" })).toBe("ada");
  expect(nameOf(auth, nobody)).toBe("TOKEN_MISSING");
});

test.each([
  ["", "TOKEN_INVALID"],
  ["Bearer", "TOKEN_INVALID"],
  [adas, "TOKEN_INVALID"],
  [`Basic ${adas}`, "TOKEN_INVALID"],
  [`Bearer ${adas} `, "TOKEN_INVALID"],
  [`Bearer ${adas}x`, "TOKEN_INVALID"],
  [{ several: true }, "TOKEN_INVALID"],
] as const)("the authorization %j is %s, whatever certificate there is", (authorization, reason) => {
  const { auth } = authOf(`ada ${adas}`);
  expect(nameOf(auth, { ...nobody, authorization, certificate: "worker", isInProcess: true })).toBe(reason);
});

test("without tokens only certificates count, and an authorization means nothing", () => {
  const auth = createAuth({ tokens: undefined, now: () => 0 });
  expect(nameOf(auth, bearing(adas))).toBe("TOKEN_MISSING");
  expect(nameOf(auth, { ...bearing(adas), certificate: "worker" })).toBe("worker");
});

test("the program that holds the server needs to be nobody", () => {
  const { auth } = authOf(`ada ${adas}`);
  expect(auth.identify({ ...nobody, isInProcess: true })).toEqual({
    principal: undefined,
    digest: undefined,
  });
});

test("a token that has expired or gone is none, and whoever is watched is told once", () => {
  const { auth, put, now } = authOf(`ada ${adas} expires=1970-01-02\nbob ${bobs}`);
  const lost: string[] = [];
  const watch = (token: string, name: string) =>
    auth.watch(callerOf(auth, token), ({ problem }) => lost.push(`${name} ${problem.reason}`));
  watch(adas, "ada");
  watch(bobs, "bob");
  const stop = watch(bobs, "gone");
  auth.recheck();
  expect(lost).toEqual([]);
  now.at = 86_400_000;
  expect(nameOf(auth, bearing(adas))).toBe("TOKEN_INVALID");
  auth.recheck();
  expect(lost).toEqual(["ada TOKEN_INVALID"]);
  stop();
  put(parseTokens("tokens", `ada ${adas}`));
  auth.recheck();
  auth.recheck();
  expect(lost).toEqual(["ada TOKEN_INVALID", "bob TOKEN_INVALID"]);
  expect(nameOf(auth, bearing(adas))).toBe("ada");
});
