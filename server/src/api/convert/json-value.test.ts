import { create, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonOfValue, valueFault } from "./json-value.ts";

const depthMax = 64;

const nested = (depth: number): Value => {
  let value = create(ValueSchema, { kind: { case: "numberValue", value: 1 } });
  for (let level = 0; level < depth; level++)
    value = create(ValueSchema, { kind: { case: "listValue", value: { values: [value] } } });
  return value;
};

test("any Value becomes the JSON that it stands for", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (json) => {
      const value = fromJson(ValueSchema, json as JsonValue);
      expect(valueFault(value, depthMax)).toBeUndefined();
      expect(JSON.parse(jsonOfValue(value))).toEqual(JSON.parse(JSON.stringify(toJson(ValueSchema, value))));
    }),
  );
});

test("a key named __proto__ is a key like any other", () => {
  const value = fromJson(ValueSchema, JSON.parse('{"__proto__":{"x":1},"constructor":[]}'));
  expect(jsonOfValue(value)).toBe('{"__proto__":{"x":1},"constructor":[]}');
});

describe("what JSON cannot hold is a fault", () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%d", (number) => {
    const leaf = create(ValueSchema, { kind: { case: "numberValue", value: number } });
    const value = create(ValueSchema, { kind: { case: "structValue", value: { fields: { a: leaf } } } });
    expect(valueFault(value, depthMax)).toBe("must not contain NaN or an infinite number");
  });

  test("a Value without a kind", () => {
    expect(valueFault(create(ValueSchema), depthMax)).toBe("must not contain a Value without a kind");
  });

  test("a 65th level", () => {
    expect(valueFault(nested(64), depthMax)).toBeUndefined();
    expect(valueFault(nested(65), depthMax)).toBe("must not be nested deeper than 64 levels");
  });
});
