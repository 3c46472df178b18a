import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import {
  type CommandSchema,
  ShutdownMode as ProtoMode,
  type CommandReply as ProtoReply,
} from "@stem/proto/stem/v1/control_pb";
import type { WorkerStats as ProtoStats } from "@stem/proto/stem/v1/worker_pb";

/** warm: lets handlers end. soft: asks them to stop, and waits for a grace. hard: ends at once what can be ended. */
export type ShutdownMode = "warm" | "soft" | "hard";

/** Something that an operator wants of workers. */
export type WorkerCommand =
  /** Is it there? */
  | { readonly kind: "ping" }
  /** How is it doing? */
  | { readonly kind: "stats" }
  /** What does it run? */
  | { readonly kind: "inspect" }
  /** Stop these tasks, 1 to 1,000, wherever they are. Each is cancelled in the store first. */
  | {
      readonly kind: "revoke";
      readonly taskIds: readonly string[];
      readonly reason?: string;
      readonly requester?: string;
    }
  /** Take nothing more from these of its queues, or take from them again; none named: all. */
  | { readonly kind: "pause"; readonly queues?: readonly string[] }
  | { readonly kind: "resume"; readonly queues?: readonly string[] }
  /** End; `graceMs` with soft: how long handlers may go on. Default: the worker's own. */
  | { readonly kind: "shutdown"; readonly mode: ShutdownMode; readonly graceMs?: number };

/** What a worker says to each kind of command. */
export type ReplyTo = {
  readonly ping: { readonly running: number };
  readonly stats: WorkerStats;
  readonly inspect: {
    /** The attempts that run or wait for a slot, at most 1,000, oldest first. */
    readonly tasks: readonly InspectedTask[];
    /** How many there are in all. */
    readonly total: number;
    readonly pausedQueues: readonly string[];
  };
  /** The tasks that it held, and told to stop. */
  readonly revoke: { readonly stopped: readonly string[] };
  readonly pause: ConsumptionReply;
  readonly resume: ConsumptionReply;
  readonly shutdown: {
    readonly mode: ShutdownMode | undefined;
    /** Attempts that run still. */
    readonly running: number;
    /** Whether it was ending already. */
    readonly isInProgress: boolean;
  };
};

/** The queues that a command changed, and all of the worker's that are paused. */
export type ConsumptionReply = {
  readonly changed: readonly string[];
  readonly pausedQueues: readonly string[];
};

/** One attempt in a worker's hands. */
export type InspectedTask = {
  readonly taskId: string;
  readonly name: string;
  readonly queue: string;
  readonly attempt: number;
  /** How long its handler has been running; undefined: it waits for a slot. */
  readonly runningForMs: number | undefined;
  /** Whether it was told to stop, and goes on. */
  readonly isStopping: boolean;
};

/** How a worker is doing, by its own word. */
export type WorkerStats = {
  readonly host: string;
  readonly pid: number;
  readonly uptimeMs: number | undefined;
  /** The machine's load averages over 1, 5 and 15 minutes; empty where there are none. */
  readonly load: readonly number[];
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Undefined: not said. */
  readonly memoryBytesMax: number | undefined;
  /** Attempts begun since it started, and how they ended. */
  readonly started: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Attempts that run now, and leased tasks that wait for a slot. */
  readonly running: number;
  readonly waiting: number;
  readonly slots: number;
  readonly slotsMax: number;
  /** How long ago the server last confirmed its leases; undefined: never. */
  readonly sinceConfirmedMs: number | undefined;
  /** Handlers that go on although their attempts are over. */
  readonly zombies: number;
  /** Threads and child processes that there are. */
  readonly children: number;
  /** The tasks that it holds, by queue. */
  readonly held: Readonly<Record<string, number>>;
};

const shutdownModes = { warm: ProtoMode.WARM, soft: ProtoMode.SOFT, hard: ProtoMode.HARD } as const;
const modeWords: Readonly<Record<number, ShutdownMode>> = {
  [ProtoMode.WARM]: "warm",
  [ProtoMode.SOFT]: "soft",
  [ProtoMode.HARD]: "hard",
};

/** The kind of a command's message. */
export function commandToProto(
  command: WorkerCommand,
): NonNullable<MessageInitShape<typeof CommandSchema>["kind"]> {
  switch (command.kind) {
    case "ping":
      return { case: command.kind, value: {} };
    case "stats":
      return { case: command.kind, value: {} };
    case "inspect":
      return { case: command.kind, value: {} };
    case "revoke": {
      const { taskIds, reason = "", requester = "" } = command;
      return { case: command.kind, value: { taskIds: [...taskIds], reason, requester } };
    }
    case "pause":
      return { case: command.kind, value: { queues: [...(command.queues ?? [])] } };
    case "resume":
      return { case: command.kind, value: { queues: [...(command.queues ?? [])] } };
    case "shutdown": {
      const { mode, graceMs } = command;
      const grace = graceMs === undefined ? {} : { grace: durationFromMs(graceMs) };
      return { case: command.kind, value: { mode: shutdownModes[mode], ...grace } };
    }
  }
}

/** What a worker says, from its message; undefined for a kind that this version does not know. */
export function replyFromProto({ kind }: ProtoReply): ReplyTo[keyof ReplyTo] | undefined {
  switch (kind.case) {
    case "ping":
      return { running: kind.value.running };
    case "stats":
      return workerStatsFromProto(kind.value);
    case "inspect": {
      const { tasks, total, pausedQueues } = kind.value;
      return { tasks: tasks.map(inspectedFromProto), total, pausedQueues };
    }
    case "revoke":
      return { stopped: kind.value.stopped };
    case "consumption":
      return { changed: kind.value.changed, pausedQueues: kind.value.pausedQueues };
    case "shutdown": {
      const { mode, running, inProgress } = kind.value;
      return { mode: modeWords[mode], running, isInProgress: inProgress };
    }
    default:
      return undefined;
  }
}

type ProtoInspected = Extract<ProtoReply["kind"], { readonly case: "inspect" }>["value"]["tasks"][number];

const inspectedFromProto = (task: ProtoInspected): InspectedTask => ({
  ...{ taskId: task.taskId, name: task.name, queue: task.queue, attempt: task.attempt },
  ...{ runningForMs: task.runningFor && durationMs(task.runningFor), isStopping: task.stopping },
});

/** A worker's figures from their message. */
export const workerStatsFromProto = (stats: ProtoStats): WorkerStats => ({
  ...{ host: stats.host, pid: Number(stats.pid), uptimeMs: stats.uptime && durationMs(stats.uptime) },
  ...{ load: stats.load, cpus: stats.cpus, memoryBytes: Number(stats.memoryBytes) },
  memoryBytesMax: Number(stats.memoryBytesMax) || undefined,
  ...{ started: Number(stats.started), succeeded: Number(stats.succeeded), failed: Number(stats.failed) },
  ...{ running: stats.running, waiting: stats.waiting, slots: stats.slots, slotsMax: stats.slotsMax },
  sinceConfirmedMs: stats.sinceConfirmed && durationMs(stats.sinceConfirmed),
  ...{ zombies: stats.zombies, children: stats.children, held: { ...stats.held } },
});
