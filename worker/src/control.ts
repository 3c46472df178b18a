import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import {
  type Command,
  type CommandAnswer,
  type CommandOrder,
  type CommandReply,
  type InspectedTask,
  type RevokeCommand,
  type ShutdownCommand,
  ShutdownMode,
} from "@stem/proto/stem/v1/control_pb";
import type { WorkerStats } from "@stem/proto/stem/v1/worker_pb";
import type { CancelledLease } from "@stem/proto/stem/v1/worker_service_pb";
import type { Logger } from "@stem/sdk";
import type { Clock } from "@stem/sdk/internal";
import type { CommandEnding, EventHub } from "./events.ts";
import type { HeldLease } from "./lease.ts";
import type { StopOptions } from "./stopping.ts";

/** What commands look at and touch. */
export type ControlDeps = {
  readonly clock: Clock;
  readonly events: EventHub;
  readonly log: Logger;
  /** The names of the worker's queues. */
  readonly queues: readonly string[];
  readonly leases: Iterable<HeldLease>;
  readonly running: () => number;
  readonly stats: () => WorkerStats;
  /** Somebody wants these attempts stopped. */
  readonly cancel: (leases: readonly CancelledLease[]) => void;
  /** There is an answer to send. */
  readonly onAnswer: () => void;
};

/** Ends the worker, or hurries its end. False when it was ending already. */
export type Shutdown = (options: StopOptions) => boolean;

type Reply = CommandReply["kind"];

const inspectedMax = 1000;
const internal = 13;

/** Does what operators want, and answers. */
export class Control {
  readonly #deps: ControlDeps;
  readonly #answers: CommandAnswer[] = [];
  /** The queues that nothing is taken from, until resumed. Told in each greeting, so that they stay paused over a reconnect. */
  readonly paused = new Set<string>();
  /** How the worker ends; set by who can end it. */
  shutdown: Shutdown | undefined;

  constructor(deps: ControlDeps) {
    this.#deps = deps;
  }

  /** Takes a command; its answer is there when this returns. */
  take({ commandId, command }: CommandOrder): void {
    const { events, onAnswer } = this.#deps;
    const name = command?.kind.case ?? "unknown";
    events.emit("control-command-received", { command: name });
    const outcome = this.#outcome(command);
    events.emit("control-command-completed", { command: name, ...endingOf(outcome) });
    this.#answers.push({ $typeName: "stem.v1.CommandAnswer", commandId, outcome });
    onAnswer();
  }

  /** The next answer to send. */
  next(): CommandAnswer | undefined {
    return this.#answers.shift();
  }

  #outcome(command: Command | undefined): CommandAnswer["outcome"] {
    try {
      const kind = this.#reply(command?.kind ?? { case: undefined });
      if (kind === undefined) return { case: "unsupported", value: true };
      return { case: "reply", value: { $typeName: "stem.v1.CommandReply", kind } };
    } catch (error) {
      this.#deps.log.error({ err: error, command: command?.kind.case }, "a command failed");
      const message = error instanceof Error ? error.message : String(error);
      return {
        case: "error",
        value: { $typeName: "google.rpc.Status", code: internal, message, details: [] },
      };
    }
  }

  /** Undefined: a newer server knows commands that this worker does not. */
  #reply(kind: Command["kind"]): Reply | undefined {
    const { running, stats } = this.#deps;
    switch (kind.case) {
      case "ping":
        return { case: "ping", value: { $typeName: "stem.v1.PingReply", running: running() } };
      case "stats":
        return { case: "stats", value: stats() };
      case "inspect":
        return this.#inspect();
      case "revoke":
        return this.#revoke(kind.value);
      case "pause":
        return this.#consume(kind.value.queues, (queue) => !this.paused.has(queue) && this.paused.add(queue));
      case "resume":
        return this.#consume(kind.value.queues, (queue) => this.paused.delete(queue));
      case "shutdown":
        return this.#shutDown(kind.value);
      default:
        return undefined;
    }
  }

  #inspect(): Reply {
    const now = this.#deps.clock.now();
    const held = [...this.#deps.leases].filter(({ phase }) => phase !== "settling");
    const tasks = held.slice(0, inspectedMax).map((lease) => inspected(lease, now));
    const pausedQueues = [...this.paused];
    return {
      case: "inspect",
      value: { $typeName: "stem.v1.InspectReply", tasks, total: held.length, pausedQueues },
    };
  }

  #revoke({ taskIds, reason, requester }: RevokeCommand): Reply {
    const meant = new Set(taskIds);
    const held = [...this.#deps.leases].filter(
      ({ phase, grant }) => phase !== "settling" && meant.has(grant.taskId),
    );
    const cancels = held.map(
      ({ grant: { leaseToken } }): CancelledLease => ({
        $typeName: "stem.v1.CancelledLease",
        leaseToken,
        reason,
        requester,
      }),
    );
    const stopped = held.map(({ grant }) => grant.taskId);
    if (cancels.length > 0) this.#deps.cancel(cancels);
    return { case: "revoke", value: { $typeName: "stem.v1.RevokeReply", stopped } };
  }

  #consume(named: readonly string[], change: (queue: string) => unknown): Reply {
    const { queues } = this.#deps;
    const meant = named.length === 0 ? queues : queues.filter((queue) => named.includes(queue));
    const changed = meant.filter(change);
    return {
      case: "consumption",
      value: { $typeName: "stem.v1.ConsumptionReply", changed, pausedQueues: [...this.paused] },
    };
  }

  #shutDown({ mode: asked, grace }: ShutdownCommand): Reply {
    if (this.shutdown === undefined) throw new Error("this worker cannot be ended by a command");
    const mode = asked === ShutdownMode.UNSPECIFIED ? ShutdownMode.WARM : asked;
    const running = this.#deps.running();
    const hasBegun = this.shutdown(stopOf(mode, grace && durationMs(grace)));
    return {
      case: "shutdown",
      value: { $typeName: "stem.v1.ShutdownReply", mode, running, inProgress: !hasBegun },
    };
  }
}

function endingOf(outcome: CommandAnswer["outcome"]): CommandEnding {
  if (outcome.case === "error") return { status: "error", error: outcome.value.message };
  return { status: outcome.case === "reply" ? "ok" : "unsupported" };
}

function stopOf(mode: ShutdownMode, graceMs: number | undefined): StopOptions {
  if (mode === ShutdownMode.HARD) return { mode: "hard" };
  if (mode === ShutdownMode.SOFT) return { mode: "soft", ...(graceMs !== undefined && { graceMs }) };
  return { mode: "warm", graceMs: Number.POSITIVE_INFINITY };
}

function inspected(lease: HeldLease, now: number): InspectedTask {
  const { grant, task, phase, stop, startedAt } = lease;
  return {
    $typeName: "stem.v1.InspectedTask",
    taskId: grant.taskId,
    name: task.name,
    queue: grant.queue,
    attempt: grant.attempt,
    ...(phase === "running" && { runningFor: durationFromMs(Math.max(0, Math.floor(now - startedAt))) }),
    stopping: stop !== undefined,
  };
}
