import type { ArgsShape, TaskDefinition } from "@stem/sdk";
import { type AnyTask, type CancelTimer, type Clock, createSystemClock } from "@stem/sdk/internal";
import type { TaskContext } from "./context.ts";
import type { ImplementationHere } from "./registry.ts";

/** How tasks are gathered. */
export type BatchOptions = {
  /** How many tasks one call gets at most, 1 to the worker's concurrency: each has a slot of its own. */
  readonly sizeMax: number;
  /** How long the first of them waits for more. The wait is part of a task's time limit. */
  readonly waitMs: number;
};

/** One task of a batch. It is settled apart from the others, at once, by the first word on it. */
export type BatchItem<HandlerArgs, HandlerResult> = {
  /** Its context; its signal aborts for it alone. */
  readonly ctx: TaskContext;
  /** Its arguments, a tuple as an array. */
  readonly args: HandlerArgs;
  readonly succeed: (result: HandlerResult) => void;
  readonly fail: (error: unknown) => void;
};

/**
 * Runs many tasks in one call. What it leaves unsettled is settled by what it returns, a result for each item in their order, or fails
 * with what it throws.
 */
export type BatchHandler<HandlerArgs, HandlerResult> = (
  items: readonly BatchItem<HandlerArgs, HandlerResult>[],
) => BatchResults<HandlerResult> | Promise<BatchResults<HandlerResult>>;

/** A result for each item; nothing when each was settled by itself. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that settles each item by itself returns nothing
export type BatchResults<HandlerResult> = readonly HandlerResult[] | void;

/** Joins a definition with a handler that gets many tasks at once: up to `sizeMax`, or what came within `waitMs`. */
export function implementBatch<Args extends ArgsShape, Result, HandlerArgs, HandlerResult>(
  task: TaskDefinition<Args, Result, HandlerArgs, HandlerResult>,
  options: BatchOptions,
  handler: BatchHandler<HandlerArgs, HandlerResult>,
): ImplementationHere<Args, Result> {
  if (!(Number.isInteger(options.sizeMax) && options.sizeMax >= 1))
    throw new RangeError(`sizeMax must be a whole number, 1 or more; it is ${options.sizeMax}`);
  if (!(options.waitMs >= 0))
    throw new RangeError(`waitMs must be a number of milliseconds, 0 or more; it is ${options.waitMs}`);
  const gathering = new Gathering(options, handler as BatchHandler<unknown, unknown>, createSystemClock());
  return {
    task: task as AnyTask<Result>,
    batchSizeMax: options.sizeMax,
    handler: (ctx, args) => gathering.add(ctx, args),
  };
}

type Waiting = { readonly ctx: TaskContext; readonly item: BatchItem<unknown, unknown>; isSettled: boolean };

/** Tasks that wait to be run together. */
export class Gathering {
  readonly #options: BatchOptions;
  readonly #handler: BatchHandler<unknown, unknown>;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #cancelTimer: CancelTimer | undefined;

  constructor(options: BatchOptions, handler: BatchHandler<unknown, unknown>, clock: Clock) {
    this.#options = options;
    this.#handler = handler;
    this.#clock = clock;
  }

  /** Adds a task; resolves or rejects as it is settled. One that is told to stop while it waits does not wait any longer. */
  add(ctx: TaskContext, args: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { signal } = ctx;
      const settled = <T>(end: (value: T) => void) => {
        return (value: T): void => {
          waiting.isSettled = true;
          signal.removeEventListener("abort", leave);
          end(value);
        };
      };
      const waiting: Waiting = {
        ctx,
        item: { ctx, args, succeed: settled(resolve), fail: settled(reject) },
        isSettled: false,
      };
      const leave = (): void => {
        const place = this.#waiting.indexOf(waiting);
        if (place < 0) return;
        this.#waiting.splice(place, 1);
        waiting.item.fail(signal.reason);
      };
      signal.addEventListener("abort", leave);
      this.#waiting.push(waiting);
      this.#plan();
    });
  }

  #plan(): void {
    if (this.#waiting.length >= this.#options.sizeMax) void this.#run();
    else this.#cancelTimer ??= this.#clock.after(this.#options.waitMs, () => void this.#run());
  }

  async #run(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const batch = this.#waiting.splice(0);
    if (batch.length === 0) return;
    try {
      const results = await this.#handler(batch.map(({ item }) => item));
      this.#settleRest(batch, results ?? undefined);
    } catch (error) {
      for (const { item, isSettled } of batch) if (!isSettled) item.fail(error);
    }
  }

  #settleRest(batch: readonly Waiting[], results: readonly unknown[] | undefined): void {
    if (results !== undefined && results.length !== batch.length)
      throw new RangeError(`the handler returned ${results.length} results for ${batch.length} tasks`);
    batch.forEach(({ item, isSettled }, place) => {
      if (isSettled) return;
      if (results === undefined)
        item.fail(new Error("the handler neither settled this task nor returned a result for it"));
      else item.succeed(results[place]);
    });
  }
}
