import type { Clock } from "@stem/sdk/internal";
import type { TaskContext } from "./context.ts";
import { Gatherer, type GathererOptions } from "./gatherer.ts";

/** How tasks are gathered. */
export type BatchOptions = {
  /** How many tasks one call gets at most, 1 to the worker's concurrency: each has a slot of its own. */
  readonly sizeMax: number;
  /** How long the first of them waits for more. */
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

type Waiting = { readonly item: BatchItem<unknown, unknown>; isSettled: boolean };

/** Tasks that wait to be run together, and then are. */
export class Gathering {
  readonly #handler: BatchHandler<unknown, unknown>;
  readonly #gatherer: Gatherer<Waiting>;

  constructor(options: GathererOptions, handler: BatchHandler<unknown, unknown>, clock: Clock) {
    this.#handler = handler;
    this.#gatherer = new Gatherer(options, clock, (batch) => void this.#run(batch));
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
        item: { ctx, args, succeed: settled(resolve), fail: settled(reject) },
        isSettled: false,
      };
      const leave = (): void => {
        if (this.#gatherer.remove(waiting)) waiting.item.fail(signal.reason);
      };
      signal.addEventListener("abort", leave);
      this.#gatherer.add(waiting);
    });
  }

  /** One fewer will come than there were to be. */
  expectFewer(): void {
    this.#gatherer.expectFewer();
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.#handler(batch.map(({ item }) => item));
      settleRest(batch, results ?? undefined);
    } catch (error) {
      for (const { item, isSettled } of batch) if (!isSettled) item.fail(error);
    }
  }
}

function settleRest(batch: readonly Waiting[], results: readonly unknown[] | undefined): void {
  if (results !== undefined && results.length !== batch.length)
    throw new RangeError(`the handler returned ${results.length} results for ${batch.length} tasks`);
  batch.forEach(({ item, isSettled }, place) => {
    if (isSettled) return;
    if (results === undefined)
      item.fail(new Error("the handler neither settled this task nor returned a result for it"));
    else item.succeed(results[place]);
  });
}
