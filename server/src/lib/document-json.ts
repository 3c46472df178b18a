/** Documents as JSON, for whoever has a reader of that. */

import { isScalar } from "yaml";
import { isNothing, listOf, mapOf, type Reading, shapeOf, type Value } from "./document.ts";

/** What JSON may say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** A value as JSON, and null where it is none: that is a mistake, and so is one nested deeper than `nestingMax`. */
export function jsonOf(value: Value, reading: Reading, nestingMax: number): Json {
  if (isNothing(value)) return null;
  const shape = shapeOf(value);
  if (shape === "other") return scalarOf(value, reading);
  if (nestingMax === 0) return reading.wrong(value, "is nested too deeply") ?? null;
  if (shape === "list") return listOf(value, reading).map((item) => jsonOf(item, reading, nestingMax - 1));
  return Object.fromEntries(
    mapOf(value, reading).map(({ name, value: field }) => [name, jsonOf(field, reading, nestingMax - 1)]),
  );
}

function scalarOf(value: Value, reading: Reading): Json {
  const { node } = value;
  const scalar = isScalar(node) ? node.value : undefined;
  if (typeof scalar === "string" || typeof scalar === "boolean") return scalar;
  if (typeof scalar !== "number" || !Number.isFinite(scalar))
    return reading.wrong(value, "must be something that JSON can say") ?? null;
  // A long one would quietly become another.
  if (
    Number.isInteger(scalar) &&
    !Number.isSafeInteger(scalar) &&
    isScalar(node) &&
    /^[-+]?\d+$/.test(node.source ?? "")
  )
    return reading.wrong(value, "is a number too long to be kept exactly: put it in quotes") ?? null;
  return scalar;
}
