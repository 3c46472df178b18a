/**
 * What is kept of a task as its producer asked for it: NewTask without its id, encoded. And the hash by which a repeat of the same
 * submission is known: SHA-256 over namespace, name, arguments, requested queue, options as sent, and headers without those of a trace.
 *
 * Written by hand because it is the hottest of all encodings; a test proves it equal to the generated codec. Maps are written in
 * the order of their keys, and unknown fields are left out.
 */

import { toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import { KeepNewestSchema } from "@stem/proto/stem/v1/retention_pb";
import type { RetryPolicy } from "@stem/proto/stem/v1/retry_pb";
import type { Signature, TaskOptions, TraceContext } from "@stem/proto/stem/v1/task_pb";
import { UniqueOptionsSchema } from "@stem/proto/stem/v1/unique_pb";
import { ProtoWriter } from "@stem/proto/wire/proto-writer";
import { hashOfIdentity } from "../../model/content-hash.ts";
import type { Bytes, Namespace } from "../../model/ids.ts";
import type { NewTaskFields } from "./new-task-rules.ts";
import { writePayload } from "./payload.ts";

/** A task's content (a view of a shared buffer), and its hash as text; undefined where the content is all that the hash is over. */
export type EncodedTask = { readonly content: Bytes; readonly contentHash: string | undefined };

/** Encodes a task that broke no rule, with the arguments as they are to be kept. */
export type TaskEncoder = (
  task: NewTaskFields,
  args: Payload | undefined,
  namespace: Namespace,
  /** What its links say, where it has any: part of its hash, and not of its content, which a worker gets. */
  linksDigest?: string,
) => EncodedTask;

/** Headers that carry a trace: not part of what a task is. */
const traceHeaders: ReadonlySet<string> = new Set(["traceparent", "tracestate", "baggage"]);

/** Makes an encoder; one for a server, because its contents share buffers. */
export function createTaskEncoder(): TaskEncoder {
  const writer = new ProtoWriter();

  /** The hash of an identity whose headers differ from those that are kept, or that ends with a routing key or links. */
  function hashWithHeaders(
    fields: Uint8Array,
    { headers, routingKey, linksDigest }: Pick<NewTaskFields, "headers" | "routingKey"> & Linking,
    namespace: Namespace,
  ): string {
    writeRoutingKey(writer.raw(fields).map(6, headers, traceHeaders), routingKey);
    writeText(writer, linksField, linksDigest);
    const contentHash = hashOfIdentity(namespace, writer.peek());
    writer.discard();
    return contentHash;
  }

  return (task, args, namespace, linksDigest) => {
    // What a task that could not be written has left.
    writer.discard();
    writeIdentity(writer, task, args);
    const fieldsEnd = writer.size;
    writeRest(writer, task);
    const content = writer.finish();
    // Every part has its length before it, and its field number where it may be left out, so that no two lists run into one another.
    const fields = content.subarray(0, fieldsEnd);
    if (hasEntries(task.headers) || (task.routingKey ?? linksDigest) !== undefined)
      return { content, contentHash: hashWithHeaders(fields, { ...task, linksDigest }, namespace) };
    return {
      content,
      contentHash: fieldsEnd === content.length ? undefined : hashOfIdentity(namespace, fields),
    };
  };
}

type Linking = { readonly linksDigest: string | undefined };

/** Stands for links in an identity; NewTask has no such field. */
const linksField = 99;

function hasEntries(map: NewTaskFields["headers"]): boolean {
  for (const _ in map) return true;
  return false;
}

/** The fields that make a task what it is, but for its headers and its routing key. */
function writeIdentity(writer: ProtoWriter, task: NewTaskFields, args: Payload | undefined): void {
  writer.tag(2, WireType.LengthDelimited).string(task.name);
  if (args) {
    writer.tag(3, WireType.LengthDelimited).fork();
    writePayload(writer, args);
    writer.join();
  }
  if (task.queue !== undefined) writer.tag(4, WireType.LengthDelimited).string(task.queue);
  if (task.options) {
    writer.tag(5, WireType.LengthDelimited).fork();
    writeOptions(writer, task.options);
    writer.join();
  }
}

function writeRest(writer: ProtoWriter, task: NewTaskFields): void {
  writer.map(6, task.headers);
  for (const tag of task.tags) writer.tag(7, WireType.LengthDelimited).string(tag);
  if (task.trace) writeTrace(writer, task.trace);
  if (task.signature) writeSignature(writer, task.signature);
  writeRoutingKey(writer, task.routingKey);
  if (task.parentId !== undefined) writer.tag(12, WireType.LengthDelimited).string(task.parentId);
  if (task.rootId !== undefined) writer.tag(13, WireType.LengthDelimited).string(task.rootId);
  writer.map(14, task.metadata);
}

function writeRoutingKey(writer: ProtoWriter, routingKey: string | undefined): void {
  if (routingKey !== undefined) writer.tag(10, WireType.LengthDelimited).string(routingKey);
}

function writeOptions(writer: ProtoWriter, options: TaskOptions): void {
  const { start, expiry } = options;
  writeInt32(writer, 1, options.priority);
  writeInt32(writer, 2, options.maxAttempts);
  writeInt32(writer, 3, options.maxDeliveries);
  if (options.retry) {
    writer.tag(4, WireType.LengthDelimited).fork();
    writeRetry(writer, options.retry);
    writer.join();
  }
  if (start.case === "delay") writeTime(writer, 5, start.value);
  if (start.case === "notBeforeTime") writeTime(writer, 6, start.value);
  writeTime(writer, 7, options.timeLimit);
  writeTime(writer, 8, options.leaseDuration);
  writeTime(writer, 9, options.resultRetention);
  writeTime(writer, 10, options.softTimeLimit);
  if (expiry.case === "expireAfter") writeTime(writer, 11, expiry.value);
  if (expiry.case === "expireTime") writeTime(writer, 12, expiry.value);
  writeTime(writer, 13, options.startWithin);
  if (options.ack !== 0) writeInt32(writer, 14, options.ack);
  if (options.ignoreResult !== undefined) writeInt32(writer, 15, options.ignoreResult ? 1 : 0);
  writeText(writer, 20, options.limitKey);
  writeText(writer, 21, options.orderingKey);
  writeText(writer, 22, options.fairnessKey);
  writer.map(23, options.requiredLabels);
  if (options.unique)
    writer.tag(35, WireType.LengthDelimited).bytes(toBinary(UniqueOptionsSchema, options.unique));
  if (options.keepNewest)
    writer.tag(40, WireType.LengthDelimited).bytes(toBinary(KeepNewestSchema, options.keepNewest));
}

function writeRetry(writer: ProtoWriter, retry: RetryPolicy): void {
  writeTime(writer, 1, retry.baseDelay);
  if (retry.factor !== undefined) writer.tag(2, WireType.Bit64).double(retry.factor);
  writeTime(writer, 3, retry.maxDelay);
  if (retry.jitter !== 0) writeInt32(writer, 4, retry.jitter);
  for (const delay of retry.delays) writeTime(writer, 5, delay);
  for (const type of retry.retryFor) writer.tag(6, WireType.LengthDelimited).string(type);
  for (const type of retry.neverFor) writer.tag(7, WireType.LengthDelimited).string(type);
}

function writeInt32(writer: ProtoWriter, field: number, value: number | undefined): void {
  if (value !== undefined) writer.tag(field, WireType.Varint).int32(value);
}

function writeText(writer: ProtoWriter, field: number, text: string | undefined): void {
  if (text !== undefined) writer.tag(field, WireType.LengthDelimited).string(text);
}

/** Durations and timestamps are alike on the wire. */
function writeTime(writer: ProtoWriter, field: number, time: Duration | Timestamp | undefined): void {
  if (time === undefined) return;
  writer.tag(field, WireType.LengthDelimited).fork();
  if (time.seconds !== 0n) writer.tag(1, WireType.Varint).int64(time.seconds);
  if (time.nanos !== 0) writer.tag(2, WireType.Varint).int32(time.nanos);
  writer.join();
}

function writeTrace(writer: ProtoWriter, { traceparent, tracestate }: TraceContext): void {
  writer.tag(8, WireType.LengthDelimited).fork();
  if (traceparent !== "") writer.tag(1, WireType.LengthDelimited).string(traceparent);
  if (tracestate !== "") writer.tag(2, WireType.LengthDelimited).string(tracestate);
  writer.join();
}

function writeSignature(writer: ProtoWriter, { keyId, algorithm, bytes }: Signature): void {
  writer.tag(9, WireType.LengthDelimited).fork();
  if (keyId !== "") writer.tag(1, WireType.LengthDelimited).string(keyId);
  if (algorithm !== "") writer.tag(2, WireType.LengthDelimited).string(algorithm);
  if (bytes.length > 0) writer.tag(3, WireType.LengthDelimited).bytes(bytes);
  writer.join();
}
