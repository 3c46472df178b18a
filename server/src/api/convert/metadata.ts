/** Notes about a task for whoever looks at it: which rules they break, and how they are changed. */

import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type NewTask, NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { Bytes } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { type FieldViolation, StemProblem } from "../../model/problem.ts";
import { entryPath } from "./checked.ts";
import { fieldText } from "./field-text.ts";

/** By key. */
export type Metadata = NewTask["metadata"];

const field = "metadata";
const keyPattern = /^[a-z0-9_][a-z0-9_.-]{0,127}$/;

/** Adds every rule that metadata breaks to `found`. */
export function metadataViolations(metadata: Metadata, limits: Limits, found: FieldViolation[]): void {
  const keys = Object.keys(metadata);
  if (keys.length === 0) return;
  if (keys.length > limits.taskMetadataMax) {
    found.push({ field, description: `must have at most ${limits.taskMetadataMax} entries` });
    return;
  }
  for (const key of keys) {
    const fault = entryFault(key, metadata[key] ?? "", limits);
    if (fault !== undefined) found.push({ field: entryPath(field, key), description: fault });
  }
  const bytes = bytesOf(metadata);
  if (bytes > limits.taskMetadataBytesMax)
    found.push({ field, description: `must have at most ${limits.taskMetadataBytesMax} bytes in all` });
}

function entryFault(key: string, value: string, { taskMetadataValueBytesMax }: Limits): string | undefined {
  if (!keyPattern.test(key)) return fieldText.headerKey;
  if (value === "") return "must not be empty";
  if (Buffer.byteLength(value) > taskMetadataValueBytesMax)
    return `must have at most ${taskMetadataValueBytesMax} bytes`;
  return value.includes("\0") ? "must not contain NUL" : undefined;
}

const bytesOf = (metadata: Metadata): number =>
  Object.entries(metadata).reduce((sum, [key, value]) => sum + key.length + Buffer.byteLength(value), 0);

/** Puts notes into a content, beside those that are there; an empty one removes. Throws where there would be too many. */
export function metadataRewrite(changes: Metadata, limits: Limits): (content: Bytes) => Bytes {
  const removed = Object.keys(changes).filter((key) => changes[key] === "");
  const added = Object.entries(changes).filter(([, value]) => value !== "");
  check(Object.fromEntries(added), limits);
  return (content) => {
    const task = fromBinary(NewTaskSchema, content);
    for (const key of removed) delete task.metadata[key];
    for (const [key, value] of added) task.metadata[key] = value;
    check(task.metadata, limits);
    return toBinary(NewTaskSchema, task);
  };
}

function check(metadata: Metadata, limits: Limits): void {
  const violations: FieldViolation[] = [];
  metadataViolations(metadata, limits, violations);
  if (violations.length > 0) throw new StemProblem({ reason: "FIELD_INVALID", violations });
}
