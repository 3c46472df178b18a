/**
 * @stem/worker: lease tasks from a Stem server and run them. Begin with `createWorker` (worker.ts), `implement` (registry.ts) and what a
 * handler gets (context.ts). Definitions come from @stem/sdk.
 */

export { NonRetryable } from "@stem/sdk";
export type { App, AppOptions, AppServer } from "./app.ts";
export { createApp } from "./app.ts";
export type { AutoscaleOptions } from "./autoscale.ts";
export { implementBatch } from "./batch.ts";
export type { BatchHandler, BatchItem, BatchOptions, BatchResults } from "./batch-items.ts";
export type { CanvasContext, TaskPlace } from "./canvas-context.ts";
export type { ChildOptions } from "./child-options.ts";
export type { Fence, ScheduledSlot, TaskContext } from "./context.ts";
export type { RetryErrorOptions, RetryOverrides, StopError } from "./errors.ts";
export {
  LeaseLost,
  RejectError,
  RetryError,
  RunnerLost,
  SoftTimeLimitExceeded,
  TaskCancelled,
  TimeLimitExceeded,
  WorkerStopping,
} from "./errors.ts";
export type {
  AttemptEnd,
  Listener,
  ListenOptions,
  TaskEvent,
  TaskFacts,
  WorkerEventName,
  WorkerEvents,
} from "./events.ts";
export type { MachineFacts } from "./machine.ts";
export type { Middleware } from "./middleware.ts";
export type { OwnBackoff } from "./own-backoff.ts";
export type {
  Handler,
  HandlerPlace,
  HostedImplementation,
  Implementation,
  ImplementationHere,
} from "./registry.ts";
export { implement } from "./registry.ts";
export type { Replacement } from "./replacement.ts";
export type { WorkerStats } from "./stats.ts";
export type { StopMode, StopOptions } from "./stopping.ts";
export type { TaskModule } from "./task-module.ts";
export { taskModule } from "./task-module.ts";
export type { Worker } from "./worker.ts";
export { createWorker } from "./worker.ts";
export type { QueueSubscription, RecycleOptions, WorkerOptions } from "./worker-options.ts";
