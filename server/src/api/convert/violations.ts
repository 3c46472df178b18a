/** Protovalidate's findings as field violations: the rules live in the schema, the sentences are ours where its own do not help. */

import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import type { FieldViolation } from "../../model/problem.ts";
import { fieldText } from "./field-text.ts";

const patternTexts: readonly (readonly [pattern: string, text: string])[] = [
  ["^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", fieldText.namespace],
  ["^[A-Za-z0-9_][A-Za-z0-9_.:@/-]{0,254}$", fieldText.queue],
  ["^[\\x21-\\x7e]{1,128}$", fieldText.taskId],
  ["^[\\x21-\\x7e]{1,255}$", fieldText.taskName],
  ["^[\\x21-\\x7e]{0,255}$", fieldText.workerName],
  ["^[a-z0-9][a-z0-9._-]{0,63}$", fieldText.capability],
  ["^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$", fieldText.labelKey],
  ["^[a-z0-9_][a-z0-9_.-]{0,127}$", fieldText.headerKey],
  ["^[^\\x00\\r\\n]*$", fieldText.headerValue],
];

const ruleTexts: Readonly<Record<string, string>> = {
  "enum.defined_only": "must be one of the values that the schema names",
  "enum.not_in": "must not be unspecified",
  "repeated.unique": "must not contain the same item twice",
  "bool.const": "must be true, or left out",
};

const compiled = new Map<string, RegExp>();

// Every pattern is one of ours and linear, so the platform's engine is as safe as RE2's, and far faster.
const validator = createValidator({
  regexMatch: (pattern, text) => {
    const regExp = compiled.get(pattern) ?? new RegExp(pattern, "u");
    compiled.set(pattern, regExp);
    return regExp.test(text);
  },
});

/** Every rule of the schema that `message` breaks; `prefix` is put before each path, such as "hello.". None: it is valid. */
export function violationsOf<D extends DescMessage>(
  schema: D,
  message: MessageShape<D>,
  prefix: string,
): readonly FieldViolation[] {
  const result = validator.validate(schema, message);
  if (result.kind === "error") throw result.error;
  return result.kind === "valid"
    ? []
    : result.violations.map((violation) => toFieldViolation(violation, prefix));
}

const toFieldViolation = (violation: Violation, prefix: string): FieldViolation => ({
  field: `${prefix}${pathToString(violation.field)}`,
  description: textOf(violation),
});

function textOf({ ruleId, message }: Violation): string {
  const text = ruleTexts[ruleId];
  if (text !== undefined) return text;
  if (ruleId !== "string.pattern") return message;
  return patternTexts.find(([pattern]) => message.includes(`\`${pattern}\``))?.[1] ?? message;
}
