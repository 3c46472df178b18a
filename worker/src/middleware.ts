import type { Logger } from "@stem/sdk";
import type { TaskContext } from "./context.ts";
import { factsOf, type TaskFacts } from "./events.ts";
import type { Runner } from "./runner/runner.ts";
import { failed, type Outcome, thrown } from "./settlement.ts";

/**
 * What stands around the handlers of a worker, wherever they run; it runs in the worker's own process. The first in the list is the
 * outermost. What must only be noticed is better listened to: `worker.on`.
 */
export type Middleware = {
  /**
   * Around all that is done about one delivery: reading the arguments, the handler, writing the result. `next` resolves when that is over;
   * it never rejects. What is thrown before it was called is the attempt's end, as if the handler had thrown it; not to call it at all is
   * a failure. Once it was called, the attempt's end is what it is.
   */
  readonly consume?: (task: TaskFacts, next: () => Promise<void>) => Promise<void>;
  /**
   * Around the handler. `next` resolves with its result and rejects with what it threw; what this returns or throws takes their place.
   */
  readonly execute?: (ctx: TaskContext, next: () => Promise<unknown>) => Promise<unknown>;
  /** Called with what ends the attempt badly. What it throws itself is logged. */
  readonly error?: (ctx: TaskContext, error: unknown) => unknown;
};

/** Stands around one handler. */
export type Around = (ctx: TaskContext, run: () => Promise<unknown>) => Promise<unknown>;

/** All that stands around handlers as one; undefined when nothing does, so that a task pays for nothing. */
export function aroundOf(middleware: readonly Middleware[], log: Logger): Around | undefined {
  const executes = middleware.flatMap(({ execute }) => execute ?? []);
  const hooks = middleware.flatMap(({ error }) => error ?? []);
  if (executes.length === 0 && hooks.length === 0) return undefined;
  return async (ctx, run) => {
    try {
      return await nested(executes, ctx, run);
    } catch (error) {
      for (const hook of hooks) await harmlessly(log, () => hook(ctx, error));
      throw error;
    }
  };
}

/** Puts what stands around deliveries around a runner. */
export function consuming(runner: Runner, middleware: readonly Middleware[], log: Logger): Runner {
  const consumes = middleware.flatMap(({ consume }) => consume ?? []);
  if (consumes.length === 0) return runner;
  return {
    async run(lease) {
      let running: Promise<Outcome> | undefined;
      const begin = async (): Promise<void> => {
        running ??= runner.run(lease);
        await running;
      };
      try {
        await nested(consumes, factsOf(lease), begin);
      } catch (error) {
        if (running === undefined) return thrown(error);
        log.warn({ error, taskId: lease.grant.taskId }, "a middleware failed around a task that had begun");
      }
      return running ?? failed(new Error("a middleware did not call next: the task was not run"));
    },
  };
}

type Layer<Subject, Result> = (subject: Subject, next: () => Promise<Result>) => Promise<Result>;

function nested<Subject, Result>(
  layers: readonly Layer<Subject, Result>[],
  subject: Subject,
  core: () => Promise<Result>,
): Promise<Result> {
  return layers.reduceRight<() => Promise<Result>>((next, layer) => async () => layer(subject, next), core)();
}

async function harmlessly(log: Logger, run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    log.warn({ error }, "an error hook failed");
  }
}
