import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { FileError } from "../lib/small-file.ts";
import { parseTokens, tokenCharsMax, tokenCharsMin, tokenDigest, tokensMax } from "./token-file.ts";

const token = "t".repeat(tokenCharsMin);
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What is wrong with a file of this text. */
function complaint(text: string): string {
  try {
    parseTokens("tokens", text);
  } catch (error) {
    if (error instanceof FileError) return error.message;
    throw error;
  }
  return "nothing";
}

test("a line is a name, a token or its hash, and perhaps an end", () => {
  const hash = sha256("another");
  const entries = parseTokens(
    "tokens",
    [
      "# who may call",
      "",
      `ada ${token}`,
      `  deploy-bot\tsha256:${hash.toUpperCase()}   expires=2030-12-31\r`,
      `eve ${token}2 expires=2030-12-31T12:00:00Z`,
    ].join("\n"),
  );
  expect([...entries]).toEqual([
    [sha256(token), { name: "ada", expiresAt: undefined }],
    [hash, { name: "deploy-bot", expiresAt: Date.UTC(2030, 11, 31) }],
    [sha256(`${token}2`), { name: "eve", expiresAt: Date.UTC(2030, 11, 31, 12) }],
  ]);
});

test("a name may have several tokens, a token one name", () => {
  expect(parseTokens("tokens", `ada ${token}\nada ${token}2`).size).toBe(2);
  expect(complaint(`ada ${token}\nbob ${token}`)).toBe("tokens:2: this token is ada's already");
});

test.each([
  ["", "tokens: there is no token in it"],
  ["# nobody", "tokens: there is no token in it"],
  ["ada", "tokens:1: after the name comes a token of 32 to 4096 letters"],
  ["ada short", "tokens:1: after the name comes a token"],
  [`ada ${"x".repeat(tokenCharsMax + 1)}`, "tokens:1: after the name comes a token"],
  [`ada ${token},${token}`, "tokens:1: after the name comes a token"],
  ["ada sha256:abc", "tokens:1: after the name comes a token"],
  [`${"n".repeat(65)} ${token}`, "tokens:1: a name has 1 to 64 printable characters"],
  [`ä ${token}`, "tokens:1: a name has 1 to 64 printable characters"],
  [`ada ${token} 2030-12-31`, "tokens:1: behind the token may stand expires="],
  [`ada ${token} expires=tomorrow`, "tokens:1: behind the token may stand expires="],
  [`ada ${token} expires=2030-13-31`, "tokens:1: behind the token may stand expires="],
  [`ada ${token} expires=2030-12-31 x`, "tokens:1: behind the token may stand expires="],
])("%j is no file of tokens", (text, why) => {
  expect(complaint(text)).toContain(why);
});

test("all that is wrong is said, as far as it helps, and no token with it", () => {
  const said = complaint(`ada ${token}${"\nbob short-secret".repeat(50)}`);
  expect(said.split("\n")).toHaveLength(10);
  expect(said).not.toContain("short-secret");
  expect(complaint(`ada ${token},secret`)).not.toContain("secret");
});

test("there is an end to how many there may be", () => {
  const lines = Array.from({ length: tokensMax + 1 }, (_, at) => `n ${token}${at}`);
  expect(complaint(lines.join("\n"))).toContain(`${tokensMax + 1} tokens; the limit is ${tokensMax}`);
  expect(parseTokens("tokens", lines.slice(1).join("\n")).size).toBe(tokensMax);
});

test("what cannot be a token has no digest", () => {
  expect(tokenDigest(token)).toBe(sha256(token));
  for (const no of ["", "a b", "ä", "a,b", "=", "x".repeat(tokenCharsMax + 1)])
    expect(tokenDigest(no), no).toBe(undefined);
});
