import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import type { PayloadCodec } from "@stem/sdk";
import {
  type AnyTask,
  applySchema,
  isPayloadWithin,
  payloadFromProto,
  payloadToProto,
} from "@stem/sdk/internal";
import { ResultTooLarge } from "../errors.ts";
import type { HeldLease } from "../lease.ts";

/** The handler's arguments, a promise only where a schema makes one; a task that carries none has an empty tuple. */
export function readArgs(task: AnyTask, lease: HeldLease): unknown {
  const args = task.argsCodec.decode(payloadFromProto(lease.task.args)) ?? [];
  return applySchema(task.argsSchema, args, { taskName: task.name, part: "args" });
}

/** A handler's result as it travels; throws PayloadError, or ResultTooLarge beyond the server's limit. */
export function writeResult(codec: PayloadCodec, value: unknown, bytesMax: number): Payload | undefined {
  const payload = payloadToProto(codec.encode(value));
  if (!isPayloadWithin(payload, bytesMax)) throw new ResultTooLarge(bytesMax);
  return payload;
}
