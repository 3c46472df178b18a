import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Failure as ProtoFailure } from "@stem/proto/stem/v1/failure_pb";
import { type Failure, jsonCodec } from "@stem/sdk";
import { failureFromProto, payloadFromProto } from "@stem/sdk/internal";
import { TaskCancelled } from "./errors.ts";
import { type EventHub, factsOf, type TaskEvent } from "./events.ts";
import type { HeldLease } from "./lease.ts";
import type { Registry } from "./registry.ts";
import type { Outcome } from "./settlement.ts";

/** An attempt that has ended. */
export type EndedAttempt = {
  readonly lease: HeldLease;
  /** What is said of it to the server; undefined: nothing. */
  readonly outcome: Outcome | undefined;
  readonly now: number;
};

/** Tells those who listen how an attempt ended. What follows from it is for the server to say; here stands what the worker expects. */
export function tellEnd({ lease, outcome, now }: EndedAttempt, events: EventHub, registry: Registry): void {
  const task = factsOf(lease);
  const ms = Math.max(0, now - lease.startedAt);
  events.emit("task-postrun", { task, end: outcome?.case ?? "lost", durationMs: ms });
  switch (outcome?.case) {
    case "succeeded": {
      const { result } = outcome.value;
      const codec = registry.get(task.name)?.task.resultCodec ?? jsonCodec;
      events.emit("task-succeeded", {
        task,
        durationMs: ms,
        get result() {
          return codec.decode(payloadFromProto(result));
        },
      });
      break;
    }
    case "replaced":
      events.emit("task-succeeded", { task, durationMs: ms, result: undefined });
      break;
    case "failed":
      tellFailure({ task }, lease, { failure: outcome.value.failure, delayMs: undefined, events });
      break;
    case "retry": {
      const { failure, delay } = outcome.value;
      tellFailure({ task }, lease, { failure, delayMs: delay && durationMs(delay), events });
      break;
    }
    case "rejected":
      events.emit("task-failed", { task, failure: rejection(outcome.value.reason) });
      break;
    case "released":
      if (lease.stop instanceof TaskCancelled)
        events.emit("task-revoked", { task, reason: lease.stop.reason });
      break;
    default:
    // Of a lease that is lost, and of a name without a handler, there is no more to tell.
  }
}

type FailedAttempt = {
  readonly failure: ProtoFailure | undefined;
  readonly delayMs: number | undefined;
  readonly events: EventHub;
};

function tellFailure(
  { task }: TaskEvent,
  { stop, grant }: HeldLease,
  { failure, delayMs, events }: FailedAttempt,
): void {
  const told = failure ? failureFromProto(failure) : rejection("");
  if (stop instanceof TaskCancelled) events.emit("task-revoked", { task, reason: stop.reason });
  else if (told.nonRetryable || grant.attempt >= grant.maxAttempts)
    events.emit("task-failed", { task, failure: told });
  else events.emit("task-retry", { task, failure: told, delayMs });
}

const rejection = (message: string): Failure => ({
  type: "RejectError",
  message,
  stack: "",
  ancestors: [],
  nonRetryable: true,
  truncated: false,
});
