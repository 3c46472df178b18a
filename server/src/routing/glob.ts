import type { Limits } from "../model/limits.ts";
import type { Glob } from "../model/route.ts";

/** What cannot be in a pattern: other languages of patterns give it a meaning, and who writes it would expect that. */
const reserved = /[(){}[\]|\\]|^!/;
const printable = /^[\x21-\x7e]+$/;
const wildcard = /[*?]/;

/** What keeps a text from being a pattern; undefined when nothing does. */
export function globFault(pattern: string, limits: Limits): string | undefined {
  if (pattern === "") return "a pattern must not be empty";
  if (pattern.length > limits.globCharsMax)
    return `a pattern must have at most ${limits.globCharsMax} characters (globCharsMax)`;
  if (!printable.test(pattern)) return "a pattern must be printable ASCII without spaces";
  if (reserved.test(pattern))
    return "a pattern knows * (any characters) and ? (one character) only, not ( ) { } [ ] | \\ nor a leading !";
  const wildcards = pattern.split(wildcard).length - 1;
  return wildcards > limits.globWildcardsMax
    ? `a pattern must have at most ${limits.globWildcardsMax} wildcards (globWildcardsMax)`
    : undefined;
}

/** Makes a pattern without fault ready to be compared. */
export const createGlob = (pattern: string): Glob => ({
  pattern,
  matches: wildcard.test(pattern) ? (text) => matches(pattern, text) : (text) => text === pattern,
});

/**
 * Two places move forward, one in the pattern and one in the text. Where they do not fit, the newest star takes one character more;
 * no earlier star is ever tried again, since what it could gain the newest one gains as well.
 */
function matches(pattern: string, text: string): boolean {
  let [p, t] = [0, 0];
  let [starAt, takenTo] = [-1, 0];
  while (t < text.length) {
    if (pattern[p] === "*") {
      starAt = p++;
      takenTo = t;
    } else if (pattern[p] === "?" || pattern[p] === text[t]) {
      p++;
      t++;
    } else if (starAt >= 0) {
      p = starAt + 1;
      t = ++takenTo;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
