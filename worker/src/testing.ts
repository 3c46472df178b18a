/**
 * @stem/worker/testing: for the tests of whoever writes handlers. Run one task without a server (run-task.ts), or all that waits on a
 * server (drain-queues.ts). Clocks and fake clients come from @stem/sdk/testing, servers without a port from @stem/server/testing.
 */

export type { DrainedTask, DrainOptions } from "./testing/drain-queues.ts";
export { DrainTimeoutError, drainQueues } from "./testing/drain-queues.ts";
export type { RecordedLine, RunTaskOptions, TaskRun } from "./testing/run-task.ts";
export { runTask } from "./testing/run-task.ts";
