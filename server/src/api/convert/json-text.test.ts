import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonFault } from "./json-text.ts";

const depthMax = 64;

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe("what is JSON", () => {
  const good = [
    "0",
    "-0",
    "1e400",
    "-12.5E+30",
    "9007199254740993",
    `${"9".repeat(400)}`,
    '""',
    '"\\u0000\\ud800 \\"\\\\\\/\\b\\f\\n\\r\\t"',
    '"\u2028\u{1f600}"',
    "null",
    "[]",
    "{}",
    ' \t\r\n[ 1 , { "a" : [ ] } ] ',
    '{"a":1,"a":2}',
    '{"__proto__":null,"":{}}',
  ];
  test.each(good)("%s is", (text) => {
    expect(parses(text)).toBe(true);
    expect(jsonFault(text, depthMax)).toBeUndefined();
  });

  const bad = [
    "",
    " ",
    "NaN",
    "Infinity",
    "undefined",
    "tru",
    "nulll",
    "01",
    "+1",
    ".5",
    "1.",
    "1e",
    "1e+",
    "-",
    "0x10",
    "'a'",
    '"a',
    '"\n"',
    '"\\x41"',
    '"\\u12G4"',
    '"\\u12',
    '"\\',
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1}",
    "[",
    "]",
    "{",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{"a" 1}',
    "{a:1}",
    "{1:2}",
    "1 2",
    "[]]",
    "\u00a01",
    "\ufeff1",
    "/**/1",
  ];
  test.each(bad)("%j is not, and the fault says where", (text) => {
    expect(parses(text)).toBe(false);
    expect(jsonFault(text, depthMax)).toMatch(/^must be JSON, but (ends too early|is not at character \d+)$/);
  });
});

describe("how deep it may be nested", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

  test("64 levels may be, a 65th may not", () => {
    expect(jsonFault(nested(64), depthMax)).toBeUndefined();
    expect(jsonFault(nested(65), depthMax)).toBe("must not be nested deeper than 64 levels");
    expect(jsonFault('{"a":'.repeat(65), depthMax)).toBe("must not be nested deeper than 64 levels");
  });

  test("siblings are not deeper than one of them", () => {
    expect(jsonFault(`[${nested(63)},${nested(63)},{"a":${nested(62)}}]`, depthMax)).toBeUndefined();
  });

  test("five million brackets are refused at once, without overflowing anything", () => {
    expect(jsonFault("[".repeat(5_000_000), depthMax)).toBe("must not be nested deeper than 64 levels");
  });
});

describe("compared with JSON.parse", () => {
  // Deep enough for anything these generators make.
  const deep = 10_000;

  test("any JSON value is accepted, however it is spaced", () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 4 }), (text, indent) => {
        expect(jsonFault(text, deep)).toBeUndefined();
        expect(jsonFault(JSON.stringify(JSON.parse(text), null, indent), deep)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test("a damaged text is refused exactly where JSON.parse refuses it", () => {
    const damage = fc.tuple(fc.json(), fc.nat(), fc.nat(3), fc.constantFrom(...'{}[],:"\\ 0-.e+tu\u0000'));
    fc.assert(
      fc.property(damage, ([text, at, cut, character]) => {
        const place = at % (text.length + 1);
        const damaged = text.slice(0, place) + character + text.slice(place + cut);
        expect(jsonFault(damaged, deep) === undefined).toBe(parses(damaged));
      }),
      { numRuns: 5000 },
    );
  });

  test("any text over JSON's own characters is judged alike", () => {
    const soup = fc.string({ unit: fc.constantFrom(...'{}[],:"\\ 01-.eE+tfnrulsa\n'), maxLength: 12 });
    fc.assert(
      fc.property(soup, (text) => {
        expect(jsonFault(text, deep) === undefined).toBe(parses(text));
      }),
      { numRuns: 5000 },
    );
  });
});
