/** What the converters share: an answer is the converted value, or the problem with it, whose paths begin at the converted message. */

import type { FieldViolation, Problem } from "../../model/problem.ts";

/** Tells a problem from a converted value: only problems have a reason. */
export const isProblem = (answer: object): answer is Problem => "reason" in answer;

/** One field has a value that it may not have. */
export const invalid = (field: string, description: string): Problem => ({
  reason: "FIELD_INVALID",
  violations: [{ field, description }],
});

/** The same problem with `prefix` before every field path, such as `tasks[3].`. */
export function under(problem: Problem, prefix: string): Problem {
  if ("violations" in problem) return { ...problem, violations: problem.violations.map(prefixed(prefix)) };
  return "field" in problem ? { ...problem, field: prefix + problem.field } : problem;
}

const prefixed =
  (prefix: string) =>
  (violation: FieldViolation): FieldViolation => ({ ...violation, field: prefix + violation.field });

/** A key longer than this is not repeated in full. */
const keyCharsMax = 512;

/** The path of a map's entry as protovalidate writes it, such as `headers["key"]`; a hostile key is cut short. */
export function entryPath(field: string, key: string): string {
  return `${field}[${JSON.stringify(key.length > keyCharsMax ? `${key.slice(0, keyCharsMax)}…` : key)}]`;
}
