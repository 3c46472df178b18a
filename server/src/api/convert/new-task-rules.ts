/**
 * The rules of NewTask, compiled by hand: those that stand in its schema as buf.validate rules, which protovalidate would take
 * longer to check than all else takes that a task meets on its way in (a fuzz test proves the two equal), and those that the
 * schema cannot say.
 */

import type { NewTask, Signature, TraceContext } from "@stem/proto/stem/v1/task_pb";
import type { Limits } from "../../model/limits.ts";
import type { FieldViolation } from "../../model/problem.ts";
import { entryPath } from "./checked.ts";
import { fieldText } from "./field-text.ts";
import { metadataViolations } from "./metadata.ts";
import { taskOptionsViolations } from "./task-options.ts";

/** What NewTask and EnqueueTaskRequest have in common. */
export type NewTaskFields = Pick<
  NewTask,
  | "id"
  | "name"
  | "args"
  | "queue"
  | "options"
  | "headers"
  | "tags"
  | "trace"
  | "signature"
  | "parentId"
  | "rootId"
  | "routingKey"
  | "metadata"
> &
  // EnqueueTaskRequest has no such field.
  Partial<Pick<NewTask, "scheduled">>;

const printable = /^[\x21-\x7e]+$/;
const queueName = /^[A-Za-z0-9_][A-Za-z0-9_.:@/-]*$/;
const headerKey = /^[a-z0-9_][a-z0-9_.-]{0,127}$/;
const reservedHeader = /^(?:stem|grpc|x-forwarded)-/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that these may not be there is the rule.
const headerValueBreak = /[\x00\r\n]/;

const traceparentBytesMax = 128;
const tracestateBytesMax = 512;
const signatureKeyIdBytesMax = 255;
const signatureAlgorithmBytesMax = 64;
const signatureBytesMax = 1024;

/** Every rule that a task breaks, but those about its arguments (payload.ts) and its start (task-options.ts). */
export function newTaskViolations(task: NewTaskFields, limits: Limits): FieldViolation[] {
  const found: FieldViolation[] = [];
  if (task.id !== undefined && !isName(task.id, limits.taskIdCharsMax))
    found.push({ field: "id", description: fieldText.taskId });
  if (!isName(task.name, limits.nameCharsMax)) found.push({ field: "name", description: fieldText.taskName });
  if (task.queue !== undefined && !isQueueName(task.queue, limits))
    found.push({ field: "queue", description: fieldText.queue });
  if (task.options) taskOptionsViolations(task.options, limits, found);
  checkHeaders(task.headers, limits, found);
  if (task.tags.length > 0) checkTags(task.tags, limits, found);
  if (task.trace) checkTrace(task.trace, found);
  if (task.signature) checkSignature(task.signature, found);
  if (task.routingKey !== undefined) checkRoutingKey(task, limits, found);
  if (task.parentId !== undefined && !isName(task.parentId, limits.taskIdCharsMax))
    found.push({ field: "parent_id", description: fieldText.taskId });
  if (task.rootId !== undefined && !isName(task.rootId, limits.taskIdCharsMax))
    found.push({ field: "root_id", description: fieldText.taskId });
  metadataViolations(task.metadata, limits, found);
  if (task.scheduled !== undefined)
    found.push({ field: "scheduled", description: "must be left out: the server says it" });
  return found;
}

function checkRoutingKey(
  { routingKey = "", queue }: NewTaskFields,
  limits: Limits,
  found: FieldViolation[],
): void {
  if (!isName(routingKey, limits.nameCharsMax))
    found.push({ field: "routing_key", description: fieldText.taskName });
  if (queue !== undefined)
    found.push({
      field: "routing_key",
      description: "must not be given with a queue: the key is there to find one",
    });
}

function checkHeaders(headers: NewTask["headers"], limits: Limits, found: FieldViolation[]): void {
  const keys = Object.keys(headers);
  if (keys.length === 0) return;
  if (keys.length > limits.headersMax) {
    // The entries of a map that is too large are not looked at: there may be hundreds of thousands.
    found.push({ field: "headers", description: `must have at most ${limits.headersMax} entries` });
    return;
  }
  let bytes = 0;
  for (const key of keys) {
    const value = headers[key] ?? "";
    const valueBytes = Buffer.byteLength(value);
    bytes += key.length + valueBytes;
    const fault = keyFault(key) ?? valueFault(value, valueBytes, limits);
    if (fault) found.push({ field: entryPath("headers", key), description: fault });
  }
  if (bytes > limits.headersBytesMax)
    found.push({ field: "headers", description: `must have at most ${limits.headersBytesMax} bytes in all` });
}

function keyFault(key: string): string | undefined {
  if (!headerKey.test(key)) return fieldText.headerKey;
  return reservedHeader.test(key) ? "keys stem-*, grpc-* and x-forwarded-* are reserved" : undefined;
}

function valueFault(value: string, bytes: number, limits: Limits): string | undefined {
  if (bytes > limits.headerValueBytesMax) return `must have at most ${limits.headerValueBytesMax} bytes`;
  return headerValueBreak.test(value) ? fieldText.headerValue : undefined;
}

function checkTags(tags: readonly string[], limits: Limits, found: FieldViolation[]): void {
  if (tags.length > limits.tagsMax) {
    found.push({ field: "tags", description: `must have at most ${limits.tagsMax} items` });
    return;
  }
  if (new Set(tags).size < tags.length)
    found.push({ field: "tags", description: "must not contain the same item twice" });
  for (const [index, tag] of tags.entries())
    if (!isName(tag, limits.tagCharsMax))
      found.push({ field: `tags[${index}]`, description: fieldText.taskId });
}

function checkTrace({ traceparent, tracestate }: TraceContext, found: FieldViolation[]): void {
  atMostBytes("trace.traceparent", traceparent, traceparentBytesMax, found);
  atMostBytes("trace.tracestate", tracestate, tracestateBytesMax, found);
}

function checkSignature({ keyId, algorithm, bytes }: Signature, found: FieldViolation[]): void {
  atMostBytes("signature.key_id", keyId, signatureKeyIdBytesMax, found);
  atMostBytes("signature.algorithm", algorithm, signatureAlgorithmBytesMax, found);
  atMostBytes("signature.bytes", bytes, signatureBytesMax, found);
}

function atMostBytes(
  field: string,
  value: string | Uint8Array,
  bytesMax: number,
  found: FieldViolation[],
): void {
  const bytes = typeof value === "string" ? Buffer.byteLength(value) : value.byteLength;
  if (bytes > bytesMax) found.push({ field, description: `must have at most ${bytesMax} bytes` });
}

/** A name or an id: printable ASCII. */
export const isName = (text: string, charsMax: number): boolean =>
  text.length <= charsMax && printable.test(text);

/** The name of a queue. */
export const isQueueName = (text: string, limits: Limits): boolean =>
  text.length <= limits.nameCharsMax && queueName.test(text);
