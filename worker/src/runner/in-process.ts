import { type AnyTask, applySchema, spreadArgs, withoutEnqueueDefaults } from "@stem/sdk/internal";
import { type ContextDeps, HandlerContext } from "../context.ts";
import type { Around } from "../middleware.ts";
import type { Registry } from "../registry.ts";
import { Replacement } from "../replacement.ts";
import { failed, type Outcome, succeeded, thrown, unknownName } from "../settlement.ts";
import { grown, growsCanvas } from "./grown.ts";
import { readArgs, writeResult } from "./payloads.ts";
import type { Runner } from "./runner.ts";

/** What running needs. `resultBytesMax` is the server's limit as its Welcome told it. */
export type InProcessDeps = ContextDeps & {
  readonly registry: Registry;
  readonly resultBytesMax: () => number;
  /** What stands around handlers, if anything does. */
  readonly around?: Around | undefined;
};

/** Runs handlers in this process, on its event loop. */
export function createInProcessRunner(deps: InProcessDeps): Runner {
  const { around } = deps;
  return {
    async run(lease) {
      const implementation = deps.registry.get(lease.task.name);
      if (implementation === undefined || !("handler" in implementation)) return unknownName;
      const { task, handler, batch } = implementation;
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
        const ctx = new HandlerContext(lease, deps, args, task.codec);
        const values = batch === undefined ? spreadArgs(args) : [args];
        // The worker may have been started within a scope of defaults: they are not its tasks'.
        value = await withoutEnqueueDefaults(() =>
          around ? around(ctx, async () => handler(ctx, ...values)) : handler(ctx, ...values),
        );
      } catch (error) {
        return thrown(error);
      }
      try {
        if (task.resultSchema && !(value instanceof Replacement)) await checkResult(task, value);
        const outcome = (): Outcome => succeeded(writeResult(task.resultCodec, value, deps.resultBytesMax()));
        return growsCanvas(value, lease) ? await grown(value, lease, outcome) : outcome();
      } catch (error) {
        return failed(error, true);
      }
    },
  };
}

/** The schema's word on the result; what is sent is the result as the handler gave it, for the reader applies the schema itself. */
const checkResult = (task: AnyTask, value: unknown): unknown =>
  applySchema(task.resultSchema, value, { taskName: task.name, part: "result" });
