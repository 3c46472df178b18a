/** google.protobuf.Value as JSON text. By hand, because JSON has no NaN, and because a hostile key must never become a property. */

import type { Value } from "@bufbuild/protobuf/wkt";

/** What keeps a Value from being JSON, nested at most `depthMax` levels; undefined when nothing does. */
export function valueFault(value: Value, depthMax: number): string | undefined {
  return faultBelow(value, depthMax, depthMax);
}

/** The JSON text of a Value without fault. */
export function jsonOfValue({ kind }: Value): string {
  switch (kind.case) {
    case "structValue": {
      const { fields } = kind.value;
      const members = Object.keys(fields).map((key) => `${JSON.stringify(key)}:${jsonOfMember(fields[key])}`);
      return `{${members.join(",")}}`;
    }
    case "listValue":
      return `[${kind.value.values.map(jsonOfValue).join(",")}]`;
    case "nullValue":
    case undefined:
      return "null";
    default:
      return JSON.stringify(kind.value);
  }
}

const jsonOfMember = (value: Value | undefined): string => (value ? jsonOfValue(value) : "null");

function faultBelow({ kind }: Value, levelsLeft: number, depthMax: number): string | undefined {
  switch (kind.case) {
    case undefined:
      return "must not contain a Value without a kind";
    case "numberValue":
      return Number.isFinite(kind.value) ? undefined : "must not contain NaN or an infinite number";
    case "structValue":
      return faultOfAny(Object.values(kind.value.fields), levelsLeft - 1, depthMax);
    case "listValue":
      return faultOfAny(kind.value.values, levelsLeft - 1, depthMax);
    default:
      return undefined;
  }
}

function faultOfAny(values: readonly Value[], levelsLeft: number, depthMax: number): string | undefined {
  if (levelsLeft < 0) return `must not be nested deeper than ${depthMax} levels`;
  for (const value of values) {
    const fault = faultBelow(value, levelsLeft, depthMax);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
