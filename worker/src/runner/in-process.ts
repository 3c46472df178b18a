import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import {
  type AnyTask,
  applySchema,
  isPayloadWithin,
  payloadFromProto,
  payloadToProto,
  spreadArgs,
  withoutEnqueueDefaults,
} from "@stem/sdk/internal";
import { type ContextDeps, HandlerContext } from "../context.ts";
import { ResultTooLarge } from "../errors.ts";
import type { HeldLease } from "../lease.ts";
import type { Registry } from "../registry.ts";
import { failed, succeeded, thrown, unknownName } from "../settlement.ts";
import type { Runner } from "./runner.ts";

/** What running needs. `resultBytesMax` is the server's limit as its Welcome told it. */
export type InProcessDeps = ContextDeps & {
  readonly registry: Registry;
  readonly resultBytesMax: () => number;
};

/** Runs handlers in this process, on its event loop. */
export function createInProcessRunner(deps: InProcessDeps): Runner {
  return {
    async run(lease) {
      const implementation = deps.registry.get(lease.task.name);
      if (implementation === undefined || !("handler" in implementation)) return unknownName;
      const { task, handler } = implementation;
      let args: unknown;
      let value: unknown;
      // What is wrong with arguments or result is wrong for good: another attempt would only repeat the handler's effects.
      // Waited for only where there is something to wait for: a turn of the microtasks costs as much as reading small arguments.
      try {
        args = readArgs(task, lease);
        if (args instanceof Promise) args = await args;
      } catch (error) {
        return failed(error, true);
      }
      try {
        // The worker may have been started within a scope of defaults: they are not its tasks'.
        value = await withoutEnqueueDefaults(() =>
          handler(new HandlerContext(lease, deps, args, task.codec), ...spreadArgs(args)),
        );
      } catch (error) {
        return thrown(error);
      }
      try {
        if (task.resultSchema) await checkResult(task, value);
        return succeeded(writeResult(task, value, deps.resultBytesMax()));
      } catch (error) {
        return failed(error, true);
      }
    },
  };
}

/** The handler's arguments; a task that carries none has an empty tuple. */
function readArgs(task: AnyTask, lease: HeldLease): unknown {
  const args = task.argsCodec.decode(payloadFromProto(lease.task.args)) ?? [];
  return applySchema(task.argsSchema, args, { taskName: task.name, part: "args" });
}

/** The schema's word on the result; what is sent is the result as the handler gave it, for the reader applies the schema itself. */
const checkResult = (task: AnyTask, value: unknown): unknown =>
  applySchema(task.resultSchema, value, { taskName: task.name, part: "result" });

function writeResult(task: AnyTask, value: unknown, bytesMax: number): Payload | undefined {
  const payload = payloadToProto(task.resultCodec.encode(value));
  if (!isPayloadWithin(payload, bytesMax)) throw new ResultTooLarge(bytesMax);
  return payload;
}
