import type { TaskDefinition as Announced } from "@stem/proto/stem/v1/task_definition_pb";
import type { ArgsShape, SpreadArgs, TaskDefinition } from "@stem/sdk";
import { type AnyTask, announcedDefinition } from "@stem/sdk/internal";
import type { BatchHandler, BatchOptions } from "./batch-items.ts";
import type { TaskContext } from "./context.ts";
import type { Replacement } from "./replacement.ts";

/**
 * Runs one attempt of a task: gets the context, then the arguments, a tuple spread out. What it returns is the task's result, or what it
 * puts in the task's place.
 */
export type Handler<HandlerArgs, HandlerResult> = (
  ctx: TaskContext,
  ...args: SpreadArgs<HandlerArgs>
) => Returned<HandlerResult> | Promise<Returned<HandlerResult>>;

type Returned<HandlerResult> = HandlerResult | Replacement<HandlerResult>;

/** A task together with what runs it. */
export type Implementation<Args extends ArgsShape = ArgsShape, Result = unknown> =
  | ImplementationHere<Args, Result>
  | HostedImplementation<Args, Result>;

/** A task together with its handler, which runs where it stands. */
export type ImplementationHere<Args extends ArgsShape = ArgsShape, Result = unknown> = {
  readonly task: AnyTask<Result>;
  readonly handler: (ctx: TaskContext, ...args: readonly unknown[]) => unknown;
  /** How a batch handler gets its tasks; its arguments are then not spread out. */
  readonly batch?: BatchOptions & { readonly handler: BatchHandler<unknown, unknown> };
  /** Only for the compiler: what the task takes. Never set. */
  readonly argsType?: Args;
};

/** A task whose handler runs elsewhere. */
export type HostedImplementation<Args extends ArgsShape = ArgsShape, Result = unknown> = HandlerPlace & {
  readonly task: AnyTask<Result>;
  /** How its tasks are gathered, where one call of its handler gets many. */
  readonly batch?: BatchOptions;
  /** Only for the compiler: what the task takes. Never set. */
  readonly argsType?: Args;
};

/** Where a handler runs that cannot run in the worker's own process, because it would block or might have to be ended by force. */
export type HandlerPlace = {
  /** thread: a worker thread. process: a child process, for what may crash or leak. Each runs one attempt at a time, or one batch. */
  readonly runner: "thread" | "process";
  /**
   * The file that exports the handler, joined with its task: `new URL("./images.ts", import.meta.url)`, and in there
   * `export const scaled = implement(scale, (ctx, url) => …)`. It is loaded in the thread or process, never in the worker.
   */
  readonly module: URL;
};

/** Joins a definition with its handler: `implement(add, (ctx, a, b) => a + b)`. */
export function implement<Args extends ArgsShape, Result, HandlerArgs, HandlerResult>(
  task: TaskDefinition<Args, Result, HandlerArgs, HandlerResult>,
  handler: Handler<HandlerArgs, HandlerResult>,
): ImplementationHere<Args, Result>;
/**
 * Joins a definition with the place of its handler, which shall run in a thread or child process:
 * `implement(scale, { runner: "thread", module: new URL("./images.ts", import.meta.url) })`.
 */
export function implement<Args extends ArgsShape, Result, HandlerArgs, HandlerResult>(
  task: TaskDefinition<Args, Result, HandlerArgs, HandlerResult>,
  place: HandlerPlace,
): HostedImplementation<Args, Result>;
export function implement(
  task: AnyTask,
  handler: ImplementationHere["handler"] | HandlerPlace,
): Implementation {
  // The types meet here for the last time: from here on a definition's word is taken for what its payloads hold.
  if (typeof handler === "function") return { task, handler };
  return { task, runner: handler.runner, module: handler.module };
}

/** Whether a value, such as a module's export, is a task with its handler. */
export const isRunHere = (value: unknown): value is ImplementationHere =>
  typeof value === "object" &&
  value !== null &&
  "handler" in value &&
  typeof value.handler === "function" &&
  "task" in value &&
  typeof (value.task as Partial<AnyTask> | undefined)?.name === "string";

/** The handlers of a worker, by task name. */
export type Registry = ReadonlyMap<string, Implementation>;

/** Indexes implementations; throws a TypeError when there are none, or two of one name. */
export function createRegistry(implementations: readonly Implementation[]): Registry {
  if (implementations.length === 0)
    throw new TypeError("tasks is empty: a worker needs at least one handler");
  const registry = new Map<string, Implementation>();
  for (const implementation of implementations) {
    const { name } = implementation.task;
    if (registry.has(name)) throw new TypeError(`tasks has two handlers for ${name}`);
    registry.set(name, implementation);
  }
  return registry;
}

/** What a worker's definitions mean beyond its handlers. */
export type AnnouncedTasks = {
  /** What the server is told. */
  readonly definitions: readonly Announced[];
  /** How long one attempt may run where its producer does not say, by task name; undefined where no definition says. */
  readonly timeLimits: ReadonlyMap<string, number> | undefined;
};

/** Reads the definitions of a registry. Throws a RangeError that names a wrong option. */
export function announcedTasks(registry: Registry): AnnouncedTasks {
  const tasks = [...registry.values()].map(({ task }) => task);
  const timeLimits = new Map(
    tasks.flatMap(({ name, facts }) => {
      const { timeLimitMs } = facts.options;
      return timeLimitMs === undefined ? [] : [[name, timeLimitMs] as const];
    }),
  );
  return {
    definitions: tasks.map(announcedDefinition),
    timeLimits: timeLimits.size > 0 ? timeLimits : undefined,
  };
}
