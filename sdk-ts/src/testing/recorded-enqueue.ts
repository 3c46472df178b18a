import { fromBinary } from "@bufbuild/protobuf";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { payloadFromProto } from "../codec/payload.ts";
import type { AnyTask } from "../define-task.ts";
import type { EnqueueOptions } from "../task-options.ts";

/** One task that was enqueued on a fake client. */
export type RecordedEnqueue = {
  readonly id: string;
  readonly name: string;
  /** As a worker would get them: encoded and decoded again. */
  readonly args: unknown;
  /** The definition's options and the call's, merged. */
  readonly options: EnqueueOptions;
};

/** The arguments of an encoded task, as a worker would get them. */
export const decodedArgs = (task: AnyTask<unknown>, message: Uint8Array): unknown =>
  task.argsCodec.decode(payloadFromProto(fromBinary(NewTaskSchema, message).args)) ?? [];
