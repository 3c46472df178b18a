import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";

/** One thing that a validator found wrong, and where: `[1].email`, or empty for the whole. */
export type SchemaIssue = { readonly path: string; readonly message: string };

/** Arguments or a result are not what the task's definition says. */
export class SchemaMismatchError extends Error {
  override readonly name = "SchemaMismatchError";
  readonly taskName: string;
  /** What was looked at. */
  readonly part: "args" | "result";
  /** What is wrong with it. */
  readonly issues: readonly SchemaIssue[];

  constructor(taskName: string, part: "args" | "result", issues: readonly SchemaIssue[]) {
    const list = issues
      .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
      .join("; ");
    super(`${part} of task ${taskName} do not fit its definition: ${list}`);
    this.taskName = taskName;
    this.part = part;
    this.issues = issues;
  }
}

/** What a schema is applied to. */
export type SchemaSubject = { readonly taskName: string; readonly part: "args" | "result" };

/** The value as the schema puts it out; throws SchemaMismatchError. At once where the validator is synchronous; no schema: as it is. */
export function applySchema<Output>(
  schema: StandardSchemaV1<unknown, Output> | undefined,
  value: unknown,
  subject: SchemaSubject,
): unknown {
  if (schema === undefined) return value;
  const result = schema["~standard"].validate(value);
  return result instanceof Promise
    ? result.then((later) => outputOf(later, subject))
    : outputOf(result, subject);
}

/** What a validator says of its input as JSON Schema; undefined where it does not speak that, or cannot say it. */
export function jsonSchemaOf(schema: StandardSchemaV1): object | undefined {
  const { jsonSchema } = schema["~standard"] as Partial<StandardJSONSchemaV1["~standard"]>;
  try {
    return jsonSchema?.input({ target: "draft-2020-12" });
  } catch {
    // The standard has it throw for what JSON Schema has no words for, such as a transformation's input.
    return undefined;
  }
}

function outputOf(result: StandardSchemaV1.Result<unknown>, subject: SchemaSubject): unknown {
  if (result.issues === undefined) return result.value;
  throw new SchemaMismatchError(
    subject.taskName,
    subject.part,
    result.issues.map((issue) => ({ path: pathOf(issue.path ?? []), message: issue.message })),
  );
}

function pathOf(path: NonNullable<StandardSchemaV1.Issue["path"]>): string {
  const keys = path.map((step) => (typeof step === "object" ? step.key : step));
  return keys
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
}
