import { inspect } from "node:util";
import type { Failure } from "@stem/proto/stem/v1/failure_pb";
import { isNonRetryable } from "./non-retryable.ts";

// The server cuts to its own limits and says so; this only keeps a huge text from filling a frame.
const textCharsMax = 128 * 1024;
const ancestorsMax = 16;

/** What a handler threw, as data. Workers report it; a client for tests hands it on. */
export function failureOf(thrown: unknown, nonRetryable = isNonRetryable(thrown)): Failure {
  const error = thrown instanceof Error ? thrown : undefined;
  const type = error ? typeOf(error) : typeof thrown;
  return {
    $typeName: "stem.v1.Failure",
    type,
    message: cut(error ? error.message : inspect(thrown)),
    stack: cut(error?.stack ?? ""),
    nonRetryable,
    truncated: false,
    ancestors: error ? ancestorsOf(error, type) : [],
  };
}

// A subclass that does not set its name still says what it is by its constructor.
const typeOf = (error: Error): string =>
  error.name === "Error" ? error.constructor.name || "Error" : error.name;

/** The classes of an error, nearest first, without the one that it is called by. */
function ancestorsOf(error: Error, type: string): string[] {
  const names: string[] = [];
  let prototype: unknown = Object.getPrototypeOf(error);
  while (prototype instanceof Object && prototype !== Object.prototype && names.length < ancestorsMax) {
    const { name } = prototype.constructor;
    if (name !== "" && name !== type && !names.includes(name)) names.push(name);
    prototype = Object.getPrototypeOf(prototype);
  }
  return names;
}

const cut = (text: string): string => (text.length > textCharsMax ? text.slice(0, textCharsMax) : text);
