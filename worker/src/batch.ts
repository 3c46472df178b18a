import type { ArgsShape, TaskDefinition } from "@stem/sdk";
import { type AnyTask, createSystemClock } from "@stem/sdk/internal";
import { type BatchHandler, type BatchOptions, Gathering } from "./batch-items.ts";
import type { HandlerPlace, HostedImplementation, Implementation, ImplementationHere } from "./registry.ts";

/** Joins a definition with a handler that gets many tasks at once: up to `sizeMax`, or what came within `waitMs`. */
export function implementBatch<Args extends ArgsShape, Result, HandlerArgs, HandlerResult>(
  task: TaskDefinition<Args, Result, HandlerArgs, HandlerResult>,
  options: BatchOptions,
  handler: BatchHandler<HandlerArgs, HandlerResult>,
): ImplementationHere<Args, Result>;
/**
 * Joins a definition with the place of its batch handler, which shall run in a thread or child process. The worker gathers by these
 * `options`, and gives each batch to one thread or process, whatever the module's own say.
 */
export function implementBatch<Args extends ArgsShape, Result, HandlerArgs, HandlerResult>(
  task: TaskDefinition<Args, Result, HandlerArgs, HandlerResult>,
  options: BatchOptions,
  place: HandlerPlace,
): HostedImplementation<Args, Result>;
export function implementBatch(
  task: AnyTask,
  options: BatchOptions,
  how: BatchHandler<never, unknown> | HandlerPlace,
): Implementation {
  const { sizeMax, waitMs } = options;
  if (!(Number.isInteger(sizeMax) && sizeMax >= 1))
    throw new RangeError(`sizeMax must be a whole number, 1 or more; it is ${sizeMax}`);
  if (!(waitMs >= 0))
    throw new RangeError(`waitMs must be a number of milliseconds, 0 or more; it is ${waitMs}`);
  if (typeof how !== "function")
    return { task, batch: { sizeMax, waitMs }, runner: how.runner, module: how.module };
  const handler = how as BatchHandler<unknown, unknown>;
  const gathering = new Gathering({ sizeMax, waitMs }, handler, createSystemClock());
  return {
    task,
    batch: { sizeMax, waitMs, handler },
    handler: (ctx, args) => gathering.add(ctx, args),
  };
}
