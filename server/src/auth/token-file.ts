/** The file of tokens: who may call, and by what. A line each, as docs/security.md tells. */

import { createHash } from "node:crypto";
import { FileError } from "../lib/small-file.ts";

/** One line: who, until when. */
export type TokenEntry = {
  readonly name: string;
  /** From then on it is no token any more; epoch milliseconds. */
  readonly expiresAt: number | undefined;
};

/** Entries by the digest of their token. The tokens themselves are not kept. */
export type TokenEntries = ReadonlyMap<string, TokenEntry>;

/** Fewer could be guessed; 32 random characters of base64 are 192 bits. */
export const tokenCharsMin = 32;
/** More is no token. */
export const tokenCharsMax = 4096;
/** Entries of a file. */
export const tokensMax = 10_000;

const namePattern = /^[\x21-\x7e]{1,64}$/;
const tokenPattern = /^[A-Za-z0-9._~+/-]+=*$/;
const hashPattern = /^sha256:([0-9a-fA-F]{64})$/;
/** What may be said in the third place. */
const expiryPattern = /^expires=(\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?Z)?)$/;

const digestOf = (token: string): string => createHash("sha256").update(token).digest("hex");

/**
 * The digest that a token is looked up by; undefined for what cannot be one. A look-up in a map takes longer or shorter by the digest,
 * of which nobody can choose a part: it tells nothing about tokens.
 */
export const tokenDigest = (token: string): string | undefined =>
  token.length > tokenCharsMax || !tokenPattern.test(token) ? undefined : digestOf(token);

/** Reads the file's text. Throws FileError with all that is wrong, by line, and nothing of any token. */
export function parseTokens(path: string, text: string): TokenEntries {
  const entries = new Map<string, TokenEntry>();
  const mistakes: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "" || words[0]?.startsWith("#")) continue;
    const read = readLine(words);
    const mistake = typeof read === "string" ? read : clash(read, entries);
    if (mistake !== undefined) mistakes.push(`${path}:${index + 1}: ${mistake}`);
    else if (typeof read === "object") entries.set(read.digest, read.entry);
  }
  if (entries.size === 0 && mistakes.length === 0) mistakes.push(`${path}: there is no token in it`);
  if (entries.size > tokensMax) mistakes.push(`${path}: ${entries.size} tokens; the limit is ${tokensMax}`);
  if (mistakes.length > 0) throw new FileError(mistakes.slice(0, mistakesMax).join("\n  "));
  return entries;
}

const mistakesMax = 10;

type ReadLine = { readonly digest: string; readonly entry: TokenEntry };

/** What a line says, or what is wrong with it. */
function readLine([name = "", credential = "", expiry, ...more]: readonly string[]): ReadLine | string {
  if (!namePattern.test(name)) return "a name has 1 to 64 printable characters";
  const digest = digestIn(credential);
  if (digest === undefined)
    return `after the name comes a token of ${tokenCharsMin} to ${tokenCharsMax} letters, digits and ._~+/-=, or sha256: and 64 hexadecimal digits`;
  const expiresAt = expiry === undefined ? undefined : Date.parse(expiryPattern.exec(expiry)?.[1] ?? "");
  if (Number.isNaN(expiresAt) || more.length > 0)
    return "behind the token may stand expires=2030-12-31 or expires=2030-12-31T23:59:59Z, and nothing else";
  return { digest, entry: { name, expiresAt } };
}

function digestIn(credential: string): string | undefined {
  const hash = hashPattern.exec(credential)?.[1];
  if (hash !== undefined) return hash.toLowerCase();
  return credential.length < tokenCharsMin ? undefined : tokenDigest(credential);
}

const clash = ({ digest }: ReadLine, entries: TokenEntries): string | undefined => {
  const other = entries.get(digest);
  return other && `this token is ${other.name}'s already`;
};
