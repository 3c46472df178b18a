import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import {
  type NewTask,
  NewTaskSchema,
  type TaskOptions as ProtoOptions,
  TaskOptionsSchema,
  TraceContextSchema,
} from "@stem/proto/stem/v1/task_pb";
import { ProtoWriter } from "@stem/proto/wire/proto-writer";
import type { EncodedPayload } from "./codec/codec.ts";
import { writePayload } from "./codec/payload.ts";
import type { TaskCall } from "./define-task.ts";
import { optionsOf } from "./enqueue-defaults.ts";
import { newTaskId } from "./ids.ts";
import { completeCallsIn, hasLinks, linksToProto } from "./links.ts";
import { runOptions } from "./run-options.ts";
import { applySchema } from "./schema.ts";
import type { EnqueueOptions } from "./task-options.ts";

/** A task ready to be sent: its message is encoded, a view of a buffer that others share. */
export type OutgoingTask = { readonly id: string; readonly message: Uint8Array };

/** The task that a call asks for, its arguments checked; throws SchemaMismatchError, PayloadError, RangeError. */
export function outgoingTask(call: TaskCall): OutgoingTask | Promise<OutgoingTask> {
  const calls = hasLinks(call.options) ? [call, ...completeCallsIn(call.options)] : [call];
  const checks = calls.map(check).filter((checked) => checked instanceof Promise);
  return checks.length === 0 ? assemble(call) : Promise.all(checks).then(() => assemble(call));
}

/** Only checked: the schema's output is the worker's business, which gets what the producer gave and applies the schema itself. */
export const check = ({ task, args }: TaskCall): unknown =>
  task.argsSchema && applySchema(task.argsSchema, args, { taskName: task.name, part: "args" });

function assemble(call: TaskCall): OutgoingTask {
  const options = optionsOf(call);
  const id = options.id ?? newTaskId();
  return { id, message: encodeCall(call, options, id) };
}

/** The message of a call, a view of a buffer that others share. */
export const encodeCall = ({ task, args }: TaskCall, options: EnqueueOptions, id = options.id): Uint8Array =>
  encodeTask(id, task.name, { payload: task.argsCodec.encode(args), options });

/** The same as a message of its own, with these options alone. */
export const newTaskMessage = (call: TaskCall): NewTask =>
  fromBinary(NewTaskSchema, encodeCall(call, call.options ?? {}));

type Content = { readonly payload: EncodedPayload | undefined; readonly options: EnqueueOptions };

// One for the process: a task is written in one go.
const writer = new ProtoWriter();
const text = WireType.LengthDelimited;

/**
 * NewTask in the order of its fields, by hand: a busy producer would spend most of its time in a general encoder. What few tasks have
 * goes through that.
 */
function encodeTask(id: string | undefined, name: string, { payload, options }: Content): Uint8Array {
  const run = hasLinks(options) ? linkingOptions(options) : runOptions(options);
  // What a task that could not be written has left.
  writer.discard();
  if (id !== undefined) writer.tag(1, text).string(id);
  writer.tag(2, text).string(name);
  if (payload) {
    writer.tag(3, text).fork();
    writePayload(writer, payload);
    writer.join();
  }
  if (options.queue !== undefined) writer.tag(4, text).string(options.queue);
  if (run) writer.tag(5, text).bytes(toBinary(TaskOptionsSchema, run));
  if (options.headers) writer.map(6, options.headers);
  if (options.tags) for (const tag of options.tags) writer.tag(7, text).string(tag);
  if (options.trace) writeTrace(options.trace);
  if (options.routingKey !== undefined) writer.tag(10, text).string(options.routingKey);
  if (options.parentId !== undefined) writer.tag(12, text).string(options.parentId);
  if (options.rootId !== undefined) writer.tag(13, text).string(options.rootId);
  if (options.metadata) writer.map(14, options.metadata);
  return writer.finish();
}

/** What follows is written first: there is one writer for all. */
function linkingOptions(options: EnqueueOptions): ProtoOptions {
  const encode = (call: TaskCall): Uint8Array => encodeCall(call, optionsOf(call)).slice();
  const run = runOptions(options) ?? create(TaskOptionsSchema);
  run.link = linksToProto(options.link, encode);
  run.linkError = linksToProto(options.linkError, encode);
  return run;
}

function writeTrace(trace: NonNullable<EnqueueOptions["trace"]>): void {
  writer.tag(8, text).bytes(toBinary(TraceContextSchema, create(TraceContextSchema, trace)));
}
