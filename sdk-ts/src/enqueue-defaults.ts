import { AsyncLocalStorage } from "node:async_hooks";
import type { TaskCall } from "./define-task.ts";
import { type EnqueueOptions, mergeOptions, type TaskOptions } from "./task-options.ts";

/** What every call gets that is made within `withEnqueueDefaults`. */
export type EnqueueDefaults = Pick<TaskOptions, "headers" | "tags" | "metadata">;

const scope = new AsyncLocalStorage<EnqueueDefaults>();
let isUsed = false;

/**
 * Runs `run`, and gives all tasks that are enqueued by it, now or later, by whichever client, these headers, tags and metadata: in place of their
 * definitions' where the keys meet, and beneath what the call itself says. Within another such scope they are added to its.
 *
 * What runs a task does not inherit them: its handler begins without.
 */
export function withEnqueueDefaults<T>(defaults: EnqueueDefaults, run: () => T): T {
  isUsed = true;
  return scope.run(mergeOptions(scope.getStore() ?? {}, defaults), run);
}

/** Runs `run` outside all such scopes. */
export const withoutEnqueueDefaults = <T>(run: () => T): T => (isUsed ? scope.exit(run) : run());

/** The options in force for a call: its own over those of its scope over its definition's. */
export function optionsOf({ task, args, options }: TaskCall): EnqueueOptions {
  const defined = task.optionsFor(args);
  const defaults = isUsed ? scope.getStore() : undefined;
  return mergeOptions(defaults === undefined ? defined : mergeOptions(defined, defaults), options);
}
