/**
 * What is kept of a task as its producer asked for it: NewTask without its id, encoded. And the hash by which a repeat of the same
 * submission is known.
 *
 * Written by hand because it is the hottest of all encodings; a test proves it equal to the generated codec. Maps are written in
 * the order of their keys, and unknown fields are left out.
 */

import { hash } from "node:crypto";
import { WireType } from "@bufbuild/protobuf/wire";
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import type { RetryPolicy } from "@stem/proto/stem/v1/retry_pb";
import type { Signature, TaskOptions, TraceContext } from "@stem/proto/stem/v1/task_pb";
import { ProtoWriter } from "@stem/proto/wire/proto-writer";
import type { Bytes, Namespace } from "../../model/ids.ts";
import type { NewTaskFields } from "./new-task-rules.ts";
import { writePayload } from "./payload.ts";

/** A task's content (a view of a shared buffer), and its hash as text. */
export type EncodedTask = { readonly content: Bytes; readonly contentHash: string };

/** Encodes tasks, and knows them by a hash. */
export interface TaskEncoder {
  /** Encodes a task that broke no rule, with the arguments as they are to be kept. */
  task(task: NewTaskFields, args: Payload | undefined, namespace: Namespace): EncodedTask;
  /** The hash of a content in which there is nothing but what makes a task what it is. */
  hashOf(content: Bytes, namespace: Namespace): string;
}

/** Headers that carry a trace: not part of what a task is. */
const traceHeaders: ReadonlySet<string> = new Set(["traceparent", "tracestate", "baggage"]);

/** Makes an encoder; one for a server, because its contents share buffers. */
export function createTaskEncoder(): TaskEncoder {
  const writer = new ProtoWriter();
  return {
    task(task, args, namespace) {
      // What a task that could not be written has left.
      writer.discard();
      writer.string(namespace);
      const contentAt = writer.size;
      writeIdentity(writer, task, args);
      const identityEnd = writer.size;
      writeRest(writer, task);
      const written = writer.finish();
      // Every part has its length before it, and its field number where it may be left out, so that no two lists run into one another.
      const identity = written.subarray(0, identityEnd);
      const contentHash = hasEntries(task.headers)
        ? passingHash(writer, (to) => to.raw(identity).map(6, task.headers, traceHeaders))
        : hashText(identity);
      return { content: written.subarray(contentAt), contentHash };
    },
    hashOf: (content, namespace) => passingHash(writer, (to) => to.string(namespace).raw(content)),
  };
}

/** The hash of something that is written for it alone. */
function passingHash(writer: ProtoWriter, write: (writer: ProtoWriter) => void): string {
  writer.discard();
  write(writer);
  const text = hashText(writer.peek());
  writer.discard();
  return text;
}

/** SHA-256 over namespace, name, arguments, requested queue, options as sent, and headers without those of a trace. */
const hashText = (identity: Uint8Array): string => hash("sha256", identity, "base64url");

function hasEntries(map: NewTaskFields["headers"]): boolean {
  for (const _ in map) return true;
  return false;
}

/** The fields that make a task what it is, but for its headers. */
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
}

function writeOptions(writer: ProtoWriter, options: TaskOptions): void {
  const { start } = options;
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
}

function writeRetry(writer: ProtoWriter, retry: RetryPolicy): void {
  writeTime(writer, 1, retry.baseDelay);
  if (retry.factor !== undefined) writer.tag(2, WireType.Bit64).double(retry.factor);
  writeTime(writer, 3, retry.maxDelay);
  if (retry.jitter !== 0) writeInt32(writer, 4, retry.jitter);
}

function writeInt32(writer: ProtoWriter, field: number, value: number | undefined): void {
  if (value !== undefined) writer.tag(field, WireType.Varint).int32(value);
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
