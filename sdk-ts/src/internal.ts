/** The back door for @stem/worker: what both packages share and users do not need. Not a public contract. */

export { announcedDefinition } from "./announced.ts";
export { type Backoff, fullJitterMs } from "./backoff.ts";
export { type CanvasCalls, canvasCallNames } from "./canvas/canvas-calls.ts";
export { batchBy, createCanvasSubmitter } from "./canvas/canvases.ts";
export { nodeMessage } from "./canvas/node-message.ts";
export { type ClientGate, createClient, gateOf } from "./client.ts";
export {
  atEndOfTurn,
  type CancelTimer,
  type Clock,
  createSystemClock,
  pause,
  type Random,
  systemRandom,
} from "./clock.ts";
export { isPayloadWithin, payloadBytesAtMost, payloadFromProto, payloadToProto } from "./codec/payload.ts";
export { reachOf } from "./credentials.ts";
export type { AnyTask } from "./define-task.ts";
export { spreadArgs } from "./define-task.ts";
export { BatchingEnqueuer } from "./enqueue.ts";
export { withoutEnqueueDefaults } from "./enqueue-defaults.ts";
export { createServers, type ServerMoves } from "./failover/servers.ts";
export { failureOf } from "./failure.ts";
export { frameIterator } from "./frame-reader.ts";
export type { HandleDeps } from "./handle.ts";
export { childLogger, silentLogger } from "./log.ts";
export { outgoingTask } from "./new-task.ts";
export { isNonRetryable } from "./non-retryable.ts";
export { isTransient } from "./problem.ts";
export { problemFrom, problemFromStatus } from "./problem-from.ts";
export type { EnqueueOutcome, Publish } from "./publisher.ts";
export { duration, retryPolicy, timestamp } from "./run-options.ts";
export { applySchema } from "./schema.ts";
export type { OutputWish } from "./task-output.ts";
export { failureFromProto, placeFromProto, progressFromProto } from "./task-status.ts";
export type { WaitOptions } from "./wait.ts";
