import { expect, test } from "vitest";
import { PayloadError, UnknownEncodingError } from "./codec.ts";
import { defineCodec } from "./define-codec.ts";
import { marked } from "./marked.ts";
import { versioned } from "./versioned.ts";

const ends = { known: [], compression: undefined, decompressedBytesMax: undefined };

const first = versioned({ version: 1, upcast: {} });
const third = versioned({
  version: 3,
  upcast: {
    1: ([name]: [string]) => ({ name }),
    2: (second: { name: string }) => ({ ...second, copies: 1 }),
  },
});

test("a value says of which version it is", () => {
  expect(third.encode({ name: "a", copies: 2 })).toEqual({
    json: '{"name":"a","copies":2}',
    encoding: { version: "3" },
  });
  expect(third.encode(undefined)).toBe(undefined);
  expect(third.decode(undefined)).toBe(undefined);
});

test("an older value is brought up to date, step by step", () => {
  expect(third.decode(first.encode(["a"]))).toEqual({ name: "a", copies: 1 });
  expect(third.decode({ json: '{"name":"b"}', encoding: { version: "2" } })).toEqual({
    name: "b",
    copies: 1,
  });
  expect(third.decode({ json: '{"name":"c","copies":9}', encoding: { version: "3" } })).toEqual({
    name: "c",
    copies: 9,
  });
});

test("a value without a version is of the first", () => {
  expect(third.decode({ json: '["a"]' })).toEqual({ name: "a", copies: 1 });
});

test.each(["4", "0", "-1", "1.5", "x", ""])("version %o is not known here, and is named", (version) => {
  const decode = () => third.decode({ json: "1", encoding: { version } });
  expect(decode).toThrow(UnknownEncodingError);
  expect(decode).toThrow(`the payload's version is ${JSON.stringify(version)}; known here: 1, 2, 3`);
});

test("a version that is no longer read is named, too", () => {
  const late = versioned({ version: 3, upcast: { 2: (value) => value } });
  expect(() => late.decode({ json: "1" })).toThrow('version is "1"; known here: 2, 3');
});

test("what an upcast throws is a payload error that names the step", () => {
  const strict = versioned({
    version: 2,
    upcast: {
      1: () => {
        throw new Error("no name");
      },
    },
  });
  expect(() => strict.decode({ json: "1" })).toThrow(PayloadError);
  expect(() => strict.decode({ json: "1" })).toThrow("of version 1 could not be brought up to date: no name");
});

test("any codec may be versioned", () => {
  const doubled = defineCodec({
    id: "doubled",
    encode: (value) => Uint8Array.of(Number(value) * 2),
    decode: ([byte = 0]) => byte / 2,
  });
  const old = marked(versioned({ version: 1, upcast: {}, codec: doubled }), ends);
  const now = marked(versioned({ version: 2, upcast: { 1: (n: number) => n + 100 }, codec: doubled }), ends);
  expect(now.encode(1)).toEqual({ bytes: Uint8Array.of(2), encoding: { codec: "doubled", version: "2" } });
  expect(now.decode(old.encode(1))).toBe(101);
});

test("mistakes are thrown where they are made", () => {
  expect(() => versioned({ version: 0, upcast: {} })).toThrow(RangeError);
  expect(() => versioned({ version: 2, upcast: { 2: (value) => value } })).toThrow("no earlier version");
});
