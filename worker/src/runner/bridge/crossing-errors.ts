/** Errors on their way between a worker and its threads and child processes: they arrive as what they were, `instanceof` included. */

import { inspect } from "node:util";
import * as sdk from "@stem/sdk";
import * as ours from "../../errors.ts";

/** A thrown value as a structured clone carries it. */
export type CrossedError =
  | { readonly kind: "value"; readonly value: unknown }
  | {
      readonly kind: "error";
      /** The nearest class that both sides know. */
      readonly type: string;
      readonly name: string;
      readonly message: string;
      readonly stack: string;
      readonly fields: CrossedFields;
    };

/** An object's own fields, errors among them packed, and what cannot cross replaced by its picture. */
export type CrossedFields = readonly (readonly [name: string, value: unknown, isError: boolean])[];

type ErrorClass = abstract new (...args: never[]) => Error;

const builtIns = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
const isErrorClass = (value: unknown): value is ErrorClass =>
  typeof value === "function" && value.prototype instanceof Error;
const exported: readonly unknown[] = [...Object.values(sdk), ...Object.values(ours)];
const known: ReadonlyMap<string, ErrorClass> = new Map(
  [...builtIns, ...exported.filter(isErrorClass)].map((type) => [type.name, type]),
);

/** Packs what was thrown. */
export function packError(thrown: unknown): CrossedError {
  if (!(thrown instanceof Error)) return { kind: "value", value: crossable(thrown) };
  return {
    kind: "error",
    type: knownTypeOf(thrown),
    name: thrown.name === "Error" ? thrown.constructor.name || "Error" : thrown.name,
    message: thrown.message,
    stack: thrown.stack ?? "",
    fields: packFields(thrown, [...Object.keys(thrown), ...("cause" in thrown ? ["cause"] : [])]),
  };
}

/** What was thrown on the other side. */
export function unpackError(crossed: CrossedError): unknown {
  if (crossed.kind === "value") return crossed.value;
  const error = new Error(crossed.message);
  const { prototype } = known.get(crossed.type) ?? Error;
  Object.setPrototypeOf(error, prototype as object);
  Object.assign(error, unpackFields(crossed.fields));
  if (error.name !== crossed.name) Object.defineProperty(error, "name", { value: crossed.name });
  Object.defineProperty(error, "stack", { value: crossed.stack, writable: true, configurable: true });
  return error;
}

/** Packs an object's fields, such as the facts of a line in the log. */
export const packFields = (from: object, names: readonly string[] = Object.keys(from)): CrossedFields =>
  [...new Set(names)].map((name) => {
    const value = (from as Readonly<Record<string, unknown>>)[name];
    return value instanceof Error ? [name, packError(value), true] : [name, crossable(value), false];
  });

/** The fields of the other side's object. */
export const unpackFields = (fields: CrossedFields): Record<string, unknown> =>
  Object.fromEntries(
    fields.map(([name, value, isError]) => [name, isError ? unpackError(value as CrossedError) : value]),
  );

function knownTypeOf(error: Error): string {
  for (let type = Object.getPrototypeOf(error); type !== null; type = Object.getPrototypeOf(type)) {
    const { name } = type.constructor;
    if (known.get(name)?.prototype === type) return name;
  }
  return "Error";
}

function crossable(value: unknown): unknown {
  if (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol") return value;
  try {
    return structuredClone(value);
  } catch {
    return inspect(value);
  }
}
