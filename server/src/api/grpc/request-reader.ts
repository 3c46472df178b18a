import { type DescMessage, fromBinary, type Message } from "@bufbuild/protobuf";
import { Code } from "@stem/proto/google/rpc/code_pb";
import {
  AddCanvasMembersRequestSchema,
  type SubmitCanvasRequest,
  SubmitCanvasRequestSchema,
} from "@stem/proto/stem/v1/canvas_service_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { Limits } from "../../model/limits.ts";
import { CallError, callError } from "../call-error.ts";
import { readPlainBatch, setPlainTasks } from "../convert/plain-batch.ts";
import {
  readPlainAddition,
  readPlainMembers,
  setAddedMembers,
  setPlainMembers,
} from "../convert/plain-members.ts";
import { rootBytesIn, setSentRoot } from "../convert/sent-root.ts";
import { createWireCheck } from "../wire-shape.ts";

/** Reads a request; answers what a call with too many parts ends with. Throws on bytes that are no such message: INTERNAL. */
export type RequestReader = (bytes: Buffer) => Message | CallError;

/** Makes the reader of one type of request. */
export function createRequestReader(schema: DescMessage, limits: Limits): RequestReader {
  const readMessage = createMessageReader(schema, limits);
  if (schema.typeName === SubmitCanvasRequestSchema.typeName) return createCanvasReader(readMessage, limits);
  if (schema.typeName === AddCanvasMembersRequestSchema.typeName)
    return createAdditionReader(readMessage, limits);
  const tasks = schema.fields.find(
    (field) => field.fieldKind === "list" && field.message?.typeName === NewTaskSchema.typeName,
  );
  return tasks === undefined ? readMessage : createBatchReader(readMessage, tasks.number, limits);
}

function createMessageReader(schema: DescMessage, { messagePartsMax }: Limits): RequestReader {
  const faultOf = createWireCheck(schema, messagePartsMax);
  const tooMany = `request: more than ${messagePartsMax} list items, map entries and messages in it`;
  return (bytes) => {
    const fault = faultOf(bytes);
    if (fault === "too_many_parts") return callError(Code.RESOURCE_EXHAUSTED, tooMany);
    if (fault) throw new Error("these bytes are not a message of the method's type");
    // Nothing reads unknown fields, and kept they are a hundred times their size.
    return fromBinary(schema, bytes, { readUnknownFields: false });
  };
}

/** Most tasks are plain, and come a thousand a request: those never become messages. */
function createBatchReader(readMessage: RequestReader, tasks: number, limits: Limits): RequestReader {
  return (bytes) => {
    const batch = readPlainBatch(bytes, tasks, limits);
    if (batch === undefined) return readMessage(bytes);
    const request = readMessage(batch.rest);
    if (!(request instanceof CallError)) setPlainTasks(request, batch.tasks);
    return request;
  };
}

/** Further members of a canvas, likewise. */
function createAdditionReader(readMessage: RequestReader, limits: Limits): RequestReader {
  return (bytes) => {
    const plain = readPlainAddition(bytes, limits);
    const request = readMessage(plain?.rest ?? bytes);
    if (plain !== undefined && !(request instanceof CallError)) setAddedMembers(request, plain.members);
    return request;
  };
}

/** The tree of a canvas is kept as it was sent, and many plain members of it do not become messages either. */
function createCanvasReader(readMessage: RequestReader, limits: Limits): RequestReader {
  return (bytes) => {
    const plain = readPlainMembers(bytes, limits);
    const request = readMessage(plain?.rest ?? bytes);
    if (request instanceof CallError) return request;
    const submission = request as SubmitCanvasRequest;
    const sent = rootBytesIn(bytes);
    if (sent !== undefined) setSentRoot(submission, sent);
    if (plain !== undefined && submission.root !== undefined) setPlainMembers(submission.root, plain.members);
    return submission;
  };
}
