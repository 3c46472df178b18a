/**
 * Leases on their way out. The hottest encoding after that of new tasks, so it is written by hand: the task's content goes in as it
 * was stored, and nothing is decoded only to be encoded again. A test proves it equal to the generated codec.
 */

import { WireType } from "@bufbuild/protobuf/wire";
import type { ProtoWriter } from "@stem/proto/wire/proto-writer";
import type { Lease } from "../../broker/broker.ts";
import type { ResultsReference } from "../../model/canvas-value.ts";
import type { Bytes } from "../../model/ids.ts";
import { type Encode, writeUintField } from "./scratch.ts";

/** Some leases for the stream, numbered on from `firstSeq`. */
export type GrantsFrame = {
  readonly frameSeq: bigint;
  /** The newest frame of the worker that had been processed before these were leased. */
  readonly echo: bigint;
  readonly firstSeq: number;
  readonly leases: readonly Lease[];
};

/** What a grant takes beside its texts and bytes, at most: thirteen tags, eight lengths, and numbers. */
const grantOverheadBytes = 128;
/** What a reference takes beside its texts, at most: five tags, four lengths and a number. */
const referenceOverheadBytes = 24;

/** Encodes a ConnectResponse with grants. */
export const encodeGrantsFrame = (encode: Encode, frame: GrantsFrame): Bytes =>
  encode((writer) => {
    writer.tag(1, WireType.Varint).int64(frame.frameSeq);
    writer.tag(2, WireType.Varint).int64(frame.echo);
    writer.tag(4, WireType.LengthDelimited).fork();
    writeUintField(writer, 1, frame.firstSeq);
    for (const lease of frame.leases) writeGrant(writer, 2, lease);
    writer.join();
  });

/** Some leases for a caller without a stream. */
export type LeasedTasks = {
  readonly leases: readonly Lease[];
  readonly leaseMs: number;
  readonly waitedMs: number;
};

/** Encodes a LeaseTasksResponse. */
export const encodeLeaseTasksResponse = (encode: Encode, { leases, leaseMs, waitedMs }: LeasedTasks): Bytes =>
  encode((writer) => {
    for (const lease of leases) writeGrant(writer, 1, lease);
    writeMs(writer, 2, leaseMs);
    writeMs(writer, 3, waitedMs);
  });

/** How many of the first leases, at least one, go into a frame of `bytesMax`. */
export function grantsThatFit(leases: readonly Lease[], bytesMax: number): number {
  let bytes = 0;
  for (const [index, { token, taskId, queue, content, checkpoint, results }] of leases.entries()) {
    bytes += token.length + taskId.length + queue.length + content.length + grantOverheadBytes;
    if (checkpoint !== undefined) bytes += checkpoint.length;
    if (results !== undefined) bytes += referenceBytesOf(results);
    if (bytes > bytesMax) return Math.max(index, 1);
  }
  return leases.length;
}

/** Its texts are ASCII. */
const referenceBytesOf = ({ member = "", canvas, barrier }: ResultsReference): number =>
  member.length + canvas.length + barrier.length + referenceOverheadBytes;

function writeResults(writer: ProtoWriter, { member, canvas, barrier, size }: ResultsReference): void {
  writer.tag(14, WireType.LengthDelimited).fork();
  if (member !== undefined) writer.tag(1, WireType.LengthDelimited).string(member);
  writer.tag(2, WireType.LengthDelimited).string(canvas);
  writer.tag(3, WireType.LengthDelimited).string(barrier);
  writeUintField(writer, 4, size);
  writer.join();
}

function writeGrant(writer: ProtoWriter, field: number, lease: Lease): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).bytes(lease.token);
  writer.tag(2, WireType.LengthDelimited).string(lease.taskId);
  writer.tag(3, WireType.LengthDelimited).string(lease.queue);
  writer.tag(4, WireType.LengthDelimited).bytes(lease.content);
  writer.tag(5, WireType.LengthDelimited).fork();
  writeUintField(writer, 1, lease.fence.epoch);
  writeUintField(writer, 2, lease.fence.seq);
  writer.join();
  writeUintField(writer, 6, lease.attempt);
  writeUintField(writer, 7, lease.maxAttempts);
  writeUintField(writer, 8, lease.delivery);
  if (lease.leaseMs !== undefined) writeMs(writer, 9, lease.leaseMs);
  writeMs(writer, 10, lease.createdAt);
  if (lease.timeLimitMs !== undefined) writeMs(writer, 11, lease.timeLimitMs);
  if (lease.checkpoint !== undefined) writer.tag(12, WireType.LengthDelimited).bytes(lease.checkpoint);
  if (lease.softTimeLimitMs !== undefined) writeMs(writer, 13, lease.softTimeLimitMs);
  if (lease.results !== undefined) writeResults(writer, lease.results);
  writer.join();
}

/** Writes milliseconds, not negative, as a Duration or a Timestamp: they are alike on the wire. */
function writeMs(writer: ProtoWriter, field: number, ms: number): void {
  const seconds = Math.floor(ms / 1000);
  writer.tag(field, WireType.LengthDelimited).fork();
  writeUintField(writer, 1, seconds);
  writeUintField(writer, 2, Math.round((ms - seconds * 1000) * 1e6));
  writer.join();
}
