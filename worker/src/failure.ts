import { inspect } from "node:util";
import type { Failure } from "@stem/proto/stem/v1/failure_pb";
import { NonRetryableError } from "./errors.ts";

// The server cuts to its own limits and says so; this only keeps a huge text from filling a frame.
const textCharsMax = 128 * 1024;

/** What a handler threw, as data. */
export function failureOf(thrown: unknown, nonRetryable = thrown instanceof NonRetryableError): Failure {
  const error = thrown instanceof Error ? thrown : undefined;
  return {
    $typeName: "stem.v1.Failure",
    type: error ? typeOf(error) : typeof thrown,
    message: cut(error ? error.message : inspect(thrown)),
    stack: cut(error?.stack ?? ""),
    nonRetryable,
    truncated: false,
  };
}

// A subclass that does not set its name still says what it is by its constructor.
const typeOf = (error: Error): string =>
  error.name === "Error" ? error.constructor.name || "Error" : error.name;

const cut = (text: string): string => (text.length > textCharsMax ? text.slice(0, textCharsMax) : text);
