import { expect, test } from "vitest";
import { canonicalJson, parseExactly, partAt } from "./canonical-json.ts";

const canonical = (text: string): string => canonicalJson(parseExactly(text));

test("what is the same JSON value is the same text, however it was written", () => {
  const texts = [
    '{"b":[1,2.50],"a":{"d":null,"c":"é"}}',
    ' { "a" : {"c":"\\u00e9","d":null}, "b":[1.0 , 2.5] } ',
  ];
  expect(new Set(texts.map(canonical))).toEqual(new Set(['{"a":{"c":"é","d":null},"b":[1,2.5]}']));
});

test("what differs stays different: order in lists, types, numbers beyond a double, keys of every object", () => {
  const texts = [
    "[1,2]",
    "[2,1]",
    "1",
    '"1"',
    "null",
    "[]",
    "{}",
    '{"__proto__":1}',
    '{"a":9007199254740993}',
  ];
  const others = ['{"a":9007199254740992}', '{"a":90071992547409930}', '{"a":"9007199254740993"}', "[null]"];
  expect(new Set([...texts, ...others].map(canonical)).size).toBe(texts.length + others.length);
});

test("a pointer leads to its part, or nowhere", () => {
  const value = parseExactly('[{"a/b":{"~":[10,20]},"":5,"x":null}]');
  expect(partAt(value, "")).toBe(value);
  expect(partAt(value, "/0/a~1b/~0/1")).toBe(20);
  expect(partAt(value, "/0/")).toBe(5);
  expect(partAt(value, "/0/x")).toBeNull();
  for (const nowhere of ["/1", "/0/y", "/0/x/y", "/0/constructor", "/length", "/0/__proto__", "/-1"])
    expect(partAt(value, nowhere)).toBeUndefined();
});
