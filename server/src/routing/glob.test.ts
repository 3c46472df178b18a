import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../model/limits.ts";
import { createGlob, globFault } from "./glob.ts";

test.each([
  ["mail.send", "mail.send", true],
  ["mail.send", "mail.sent", false],
  ["mail.*", "mail.send", true],
  ["mail.*", "mail.", true],
  ["mail.*", "mail", false],
  ["*.send", "mail.send", true],
  ["*", "anything/at:all", true],
  ["a*b*c", "a-b-b-c", true],
  ["a*b*c", "a-b-b-", false],
  ["a?c", "abc", true],
  ["a?c", "ac", false],
  ["**", "", true],
  ["", "", true],
])("%s and %s: %s", (pattern, text, fits) => {
  expect(createGlob(pattern).matches(text)).toBe(fits);
});

test("a pattern fits exactly what the same pattern as a regular expression fits", () => {
  const texts = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 8 });
  const patterns = fc.string({ unit: fc.constantFrom("a", "b", ".", "*", "?"), maxLength: 6 });
  fc.assert(
    fc.property(patterns, texts, (pattern, text) => {
      const source = pattern.replaceAll(".", "\\.").replaceAll("*", ".*").replaceAll("?", ".");
      expect(createGlob(pattern).matches(text)).toBe(new RegExp(`^${source}$`).test(text));
    }),
    { numRuns: 2000 },
  );
});

test("a pattern that makes others take for ever takes no more steps than text times pattern", () => {
  let reads = 0;
  // Counts how often a place of the text is looked at.
  const text = new Proxy(Object("a".repeat(255)), {
    get(target: object, key) {
      if (typeof key === "string" && /^\d+$/.test(key)) reads += 1;
      return Reflect.get(target, key);
    },
  }) as string;
  expect(createGlob(`${"*a".repeat(15)}*b`).matches(text)).toBe(false);
  expect(reads).toBeLessThan(255 * 32);
});

test.each([
  ["", "must not be empty"],
  ["x".repeat(257), "at most 256 characters (globCharsMax)"],
  ["*a".repeat(17), "at most 16 wildcards (globWildcardsMax)"],
  ["+(a|aa)", "knows * (any characters) and ? (one character) only"],
  ["{1..9}", "knows * (any characters)"],
  ["[ab]", "knows * (any characters)"],
  ["!a", "nor a leading !"],
  ["a b", "printable ASCII"],
])("%j is no pattern", (pattern, fault) => {
  expect(globFault(pattern, limits)).toContain(fault);
});

test("what names have is no fault", () => {
  for (const pattern of ["mail.send", "a/b:c@d-e_f+g", "wow!", "*".repeat(16), "x".repeat(256)])
    expect(globFault(pattern, limits)).toBeUndefined();
});
