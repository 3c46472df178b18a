/**
 * @stem/sdk: enqueue tasks on a Stem server and wait for their results. Begin with `connect` (client.ts), `defineTask` (define-task.ts)
 * and the handle that `enqueue` gives (handle.ts).
 */

export { defaultUrl, type ServerUrl } from "./address.ts";
export type {
  Broadcaster,
  BroadcastOptions,
  BroadcastOutcome,
  PublishedBroadcast,
} from "./broadcast.ts";
export type { CanvasCause } from "./canvas/canvas-cause.ts";
export { CanvasCancelledError, CanvasFailedError, CanvasTimeoutError } from "./canvas/canvas-errors.ts";
export type {
  AddMembersOptions,
  CanvasHandle,
  CanvasResultOptions,
  OfGroup,
} from "./canvas/canvas-handle.ts";
export type { CanvasMember } from "./canvas/canvas-members.ts";
export type {
  CanvasExplanation,
  CanvasGroup,
  CanvasState,
  CanvasStatus,
} from "./canvas/canvas-status.ts";
export type { SubmitOptions } from "./canvas/canvas-submit.ts";
export type { BatchHandle, BatchOf, CanvasBatchOptions, CanvasSubmitter } from "./canvas/canvases.ts";
export { chain, chord, chunks, group, map, pipe, starmap } from "./canvas/compose.ts";
export type { GatherOptions, MembersSource, OnMemberFailure } from "./canvas/gathering.ts";
export type { EndedState, InspectedGroup } from "./canvas/inspect-group.ts";
export type { Canvases, CanvasFilter, CanvasSummary } from "./canvas/list-canvases.ts";
export type {
  AnyNode,
  CanvasNode,
  ChainNode,
  GroupNode,
  InputOf,
  ResultOf,
  Signature,
} from "./canvas/node.ts";
export type { ClientOptions, StemClient } from "./client.ts";
export { connect } from "./client.ts";
export type { CancelTimer, Clock } from "./clock.ts";
export { bytesCodec } from "./codec/bytes.ts";
export type { EncodedPayload, PayloadCodec, PayloadMarks } from "./codec/codec.ts";
export { PayloadError, UnknownEncodingError } from "./codec/codec.ts";
export type { CompressionAlgorithm, CompressionOptions } from "./codec/compression.ts";
export type { CodecSpec } from "./codec/define-codec.ts";
export { defineCodec } from "./codec/define-codec.ts";
export { jsonCodec } from "./codec/json.ts";
export type { VersionedSpec } from "./codec/versioned.ts";
export { versioned } from "./codec/versioned.ts";
export type {
  ConsumptionReply,
  InspectedTask,
  ReplyTo,
  ShutdownMode,
  WorkerCommand,
  WorkerStats,
} from "./commands.ts";
export type { Control, ReplyStatus, SendOptions, WorkerReply, WorkerStatus } from "./control.ts";
export type { TlsOptions, TokenSource } from "./credentials.ts";
export type {
  AttemptOutcome,
  AttemptRecord,
  DeadLetter,
  DeadLetterFilter,
  DeadLetters,
  ReplayedLetter,
  ReplayOptions,
} from "./dead-letters.ts";
export type {
  ArgsAndOptions,
  ArgsShape,
  CallArgs,
  SpreadArgs,
  TaskCall,
  TaskDefinition,
  TaskFacts,
} from "./define-task.ts";
export { defineTask, taskDefiner } from "./define-task.ts";
export type { AnnouncedTask, Definitions, KnownTask } from "./definitions.ts";
export type { EnqueueManyOptions, Enqueuer, HandlesOf } from "./enqueue.ts";
export type { EnqueueDefaults } from "./enqueue-defaults.ts";
export { withEnqueueDefaults } from "./enqueue-defaults.ts";
export type { LimitInForce, TaskCause, TaskCauseKind, TaskExplanation } from "./explanation.ts";
export type { FailoverOptions } from "./failover/servers.ts";
export type { CancelRequest, CancelVerdict, ResultOptions, TaskHandle } from "./handle.ts";
export type { HeldLock } from "./held-lock.ts";
export { newTaskId } from "./ids.ts";
export type {
  LimitBounds,
  LimitStatus,
  LimitSubject,
  Limits,
  LimitUse,
  PausableSubject,
} from "./limits.ts";
export { withInput, withInputAs } from "./links.ts";
export type { LockStatus } from "./lock-calls.ts";
export { LockLostError } from "./lock-errors.ts";
export type { LockOptions, Locks } from "./locks.ts";
export type { Logger } from "./log.ts";
export type {
  NamespaceQuotas,
  NamespaceSettings,
  NamespaceState,
  NamespaceStatus,
  Namespaces,
  NamespaceUse,
} from "./namespaces.ts";
export { NonRetryable } from "./non-retryable.ts";
export type { PayloadOptions } from "./payload-options.ts";
export type { FieldViolation, Reason, RpcCode, ServerReason } from "./problem.ts";
export { StemProblem } from "./problem.ts";
export type { UniqueConflictKind } from "./publisher.ts";
export type {
  EmitOptions,
  EmittedEvent,
  QueueEvent,
  QueueEvents,
  WatchEventsOptions,
} from "./queue-events.ts";
export type {
  DeletedQueue,
  PauseOptions,
  PriorityDepth,
  QueuePause,
  QueueSettings,
  QueueStatus,
  Queues,
} from "./queues.ts";
export type { RetryPolicy } from "./retry.ts";
export type { Revocation } from "./revocations.ts";
export type {
  RouteTrial,
  Routing,
  RoutingMistake,
  RoutingStatus,
  TaskToRoute,
} from "./routing.ts";
export type { AppliedSchedule, ApplyOptions, ApplySchedules, SchedulesToApply } from "./schedules/apply.ts";
export type { ScheduleEnd, SchedulePause, ScheduleStatus } from "./schedules/schedule-status.ts";
export type {
  BackfillRange,
  SchedulePauseOptions,
  Schedules,
  TriggerOptions,
} from "./schedules/schedules.ts";
export type {
  CatchUp,
  KeptSettings,
  KeptTarget,
  OverlapPolicy,
  ScheduledCanvas,
  ScheduleRules,
  ScheduleSettings,
  ScheduleTarget,
} from "./schedules/settings.ts";
export type {
  ScheduleCause,
  ScheduleSlot,
  ScheduleStarted,
  SkipReason,
  SlotOutcome,
  TriggerOutcome,
} from "./schedules/slots.ts";
export type {
  CalendarLists,
  CalendarSpec,
  ClockedSpec,
  CronSpec,
  IntervalLength,
  IntervalOptions,
  IntervalSpec,
  ScheduleSpec,
  ScheduleWindow,
  SolarEvent,
  SolarPlace,
  SolarSpec,
  WallOptions,
} from "./schedules/specs.ts";
export { at, calendar, cron, every, solar } from "./schedules/specs.ts";
export type { SchemaIssue } from "./schema.ts";
export { SchemaMismatchError } from "./schema.ts";
export type { Failure, RefusedCall } from "./task-errors.ts";
export {
  ClientClosedError,
  EnqueueManyError,
  ResultTimeoutError,
  TaskCancelledError,
  TaskExpiredError,
  TaskFailedError,
} from "./task-errors.ts";
export type { BatchOptions, BatchOutcome, TaskFilter } from "./task-filter.ts";
export type {
  CancelOptions,
  Retention,
  RevisionOptions,
  RevokedTask,
  TaskChanges,
  TaskOperations,
  TextChanges,
} from "./task-operations.ts";
export type {
  EnqueueOptions,
  ErrorType,
  LinkCall,
  ParentFailure,
  RetryOptions,
  TaskOptions,
  UniqueOptions,
} from "./task-options.ts";
export type { LogLevel, OutputKind, OutputOptions, TaskOutput } from "./task-output.ts";
export type { TaskState, TaskStateReason } from "./task-state.ts";
export {
  isCancelled,
  isExpired,
  isFailed,
  isRunning,
  isSucceeded,
  isTerminal,
  isWaiting,
} from "./task-state.ts";
export type { CanvasPlace, TaskGate, TaskProgress, TaskStatus } from "./task-status.ts";
export type { Connection, Dial } from "./transport.ts";
export type { UniqueClaim, UniqueClaims } from "./unique-claims.ts";
