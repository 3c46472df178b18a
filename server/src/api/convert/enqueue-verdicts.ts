/**
 * Verdicts on a batch, encoded by hand: nearly all of them say only "stored, under this id", a thousand a call, and building a
 * message for each would cost a fortieth of a busy server's time. A test holds this to what protobuf-es writes.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import {
  EnqueueTasksResponseSchema,
  EnqueueVerdictSchema,
  StreamTasksResponseSchema,
} from "@stem/proto/stem/v1/task_service_pb";
import type { EnqueueVerdict } from "../../broker/broker.ts";
import { Encoded } from "../call.ts";
import { problemToStatus } from "../problem-table.ts";
import { createScratch, writeUintField } from "./scratch.ts";
import { uniqueOutcome } from "./unique.ts";

/** The answer to EnqueueTasks. */
export const enqueueTasksResponse = (
  verdicts: readonly EnqueueVerdict[],
): Encoded<typeof EnqueueTasksResponseSchema> =>
  new Encoded(EnqueueTasksResponseSchema, encode(new Uint8Array(0), tagOf(1), verdicts));

/** The answer to one frame of StreamTasks. */
export function streamTasksResponse(
  frameSeq: bigint,
  verdicts: readonly EnqueueVerdict[],
): Encoded<typeof StreamTasksResponseSchema> {
  const head = toBinary(StreamTasksResponseSchema, create(StreamTasksResponseSchema, { frameSeq }));
  return new Encoded(StreamTasksResponseSchema, encode(head, tagOf(2), verdicts));
}

// One for the process, because its messages share buffers.
const encodeShared = createScratch();

/** The answer to one frame of StreamTasks that asks for exceptions only; `named` says whether the task at a place came with its id. */
export function streamTasksExceptions(
  frameSeq: bigint,
  verdicts: readonly EnqueueVerdict[],
  named: (at: number) => boolean,
): Encoded<typeof StreamTasksResponseSchema> {
  const bytes = encodeShared((writer) => {
    writer.tag(1, WireType.Varint).int64(frameSeq);
    for (const [at, verdict] of verdicts.entries()) {
      const isPlain = verdict.kind === "stored" && !verdict.deduplicated && verdict.unique === undefined;
      if (isPlain && named(at)) continue;
      writer.tag(4, WireType.LengthDelimited).fork();
      writeUintField(writer, 1, at);
      writer.tag(2, WireType.LengthDelimited).bytes(restOf(verdict, writer.size)).join();
    }
  });
  return new Encoded(StreamTasksResponseSchema, bytes);
}

/** A verdict of one length-delimited field: tags and lengths below 128 take one byte each. */
const tagOf = (field: number): number => (field << 3) | 2;
const taskIdTag = tagOf(1);
const deduplicatedTag = 2 << 3;
/** Tag and length of the verdict and of its id, and two bytes for `deduplicated`. */
const overheadBytes = 7;
/** An id whose verdict's length still fits one byte; longer ones take the general way. */
const shortIdCharsMax = 120;

function encode(head: Uint8Array, tag: number, verdicts: readonly EnqueueVerdict[]): Uint8Array {
  let out = Buffer.allocUnsafe(head.length + verdicts.length * (overheadBytes + 40));
  out.set(head);
  let at = head.length;
  for (const verdict of verdicts) {
    const rest = isShort(verdict) ? undefined : restOf(verdict, at);
    const needed = rest ? rest.length + 6 : overheadBytes + shortIdCharsMax;
    if (at + needed > out.length) out = grown(out, needed);
    at = rest ? writeLong(out, at, tag, rest) : writeShort(out, at, tag, verdict as ShortVerdict);
  }
  return out.subarray(0, at);
}

type ShortVerdict = Extract<EnqueueVerdict, { kind: "stored" }>;

const isShort = (verdict: EnqueueVerdict): verdict is ShortVerdict =>
  verdict.kind === "stored" && verdict.taskId.length <= shortIdCharsMax && verdict.unique === undefined;

function writeShort(out: Buffer, start: number, tag: number, { taskId, deduplicated }: ShortVerdict): number {
  const idChars = taskId.length;
  let at = start;
  out[at++] = tag;
  out[at++] = 2 + idChars + (deduplicated ? 2 : 0);
  out[at++] = taskIdTag;
  out[at++] = idChars;
  // Task ids are ASCII, so one byte a character.
  at += out.write(taskId, at, "latin1");
  if (deduplicated) {
    out[at++] = deduplicatedTag;
    out[at++] = 1;
  }
  return at;
}

function writeLong(out: Buffer, start: number, tag: number, verdict: Uint8Array): number {
  let at = start;
  out[at++] = tag;
  let length = verdict.length;
  for (; length > 127; length >>>= 7) out[at++] = (length & 127) | 128;
  out[at++] = length;
  out.set(verdict, at);
  return at + verdict.length;
}

/** How much elaborate errors may take together; past it they keep their ErrorInfo alone, so that no batch tips its answer over. */
const elaborateBytesMax = 1024 * 1024;

/** Any verdict, encoded. */
function restOf(verdict: EnqueueVerdict, written: number): Uint8Array {
  const init = { taskId: verdict.taskId ?? "", deduplicated: false };
  if (verdict.kind === "stored") {
    const { taskId, deduplicated, unique } = verdict;
    const message = { taskId, deduplicated, ...(unique && { unique: uniqueOutcome(unique) }) };
    return toBinary(EnqueueVerdictSchema, create(EnqueueVerdictSchema, message));
  }
  if (verdict.kind === "withheld") throw new Error("a task of a refused batch has no verdict of its own");
  const error = problemToStatus(verdict.problem);
  if (written > elaborateBytesMax) error.details.length = 1;
  return toBinary(EnqueueVerdictSchema, create(EnqueueVerdictSchema, { ...init, error }));
}

function grown(out: Buffer, needed: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafe(out.length * 2 + needed);
  out.copy(larger);
  return larger;
}
