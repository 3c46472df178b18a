import { durationFromMs, timestampDate } from "@bufbuild/protobuf/wkt";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  ControlService,
  ReplyStatus as ProtoStatus,
  type SendResponse,
} from "@stem/proto/stem/v1/control_service_pb";
import { QueueMode as ProtoMode, type Worker as ProtoWorker } from "@stem/proto/stem/v1/worker_pb";
import {
  commandToProto,
  type ReplyTo,
  replyFromProto,
  type WorkerCommand,
  type WorkerStats,
  workerStatsFromProto,
} from "./commands.ts";
import type { OperatorCalls } from "./operator-calls.ts";
import type { StemProblem } from "./problem.ts";
import { problemFrom, problemFromStatus } from "./problem-from.ts";
import { ClientClosedError } from "./task-errors.ts";

/** A worker on its stream, or one whose stream was lost and whose leases are not over. */
export type WorkerStatus = {
  /** Names it among all, also where two bear one name. Kept over reconnects. */
  readonly id: string;
  readonly name: string;
  /** The queues that it serves, in its order. */
  readonly queues: readonly {
    readonly name: string;
    readonly mode: "strict" | "weighted" | undefined;
    readonly weight: number | undefined;
  }[];
  /** Those of them that it takes nothing from, by command. */
  readonly pausedQueues: readonly string[];
  readonly broadcastChannels: readonly string[];
  /** How many tasks it can run at once, as it said when it greeted. */
  readonly slots: number;
  /** How many tasks it holds. */
  readonly inFlight: number;
  readonly labels: Readonly<Record<string, string>>;
  /** What it can do beyond the protocol. */
  readonly capabilities: readonly string[];
  /** Its SDK's name and version. */
  readonly sdk: string;
  /** How it is doing, as it said last; undefined: it never did. */
  readonly stats: WorkerStats | undefined;
  readonly connectedAt: Date | undefined;
  /** When it last sent a heartbeat, a credit or a greeting. */
  readonly heardAt: Date | undefined;
  /** Whether it has a stream now. */
  readonly isConnected: boolean;
};

/**
 * How a worker took a command. ok: done. error: it could not. unsupported: it is older than the command, or takes none. timed_out,
 * disconnected: it did not answer, and may still have done it.
 */
export type ReplyStatus = "ok" | "error" | "unsupported" | "timed_out" | "disconnected";

/** One worker's answer. */
export type WorkerReply<K extends WorkerCommand["kind"] = WorkerCommand["kind"]> = {
  readonly workerId: string;
  readonly worker: string;
  /** Undefined for one that this version does not know. */
  readonly status: ReplyStatus | undefined;
  /** What it says, where it did it. */
  readonly reply: ReplyTo[K] | undefined;
  /** Why it could not. */
  readonly problem: StemProblem | undefined;
};

/** To whom a command goes, and how long answers are waited for. */
export type SendOptions = {
  /** Ids or names of workers, at most 1,000; a name means all who bear it. Default: all workers of the namespace. */
  readonly workers?: readonly string[];
  /** Up to 60 s. Default 5 s. */
  readonly timeoutMs?: number;
};

/** What operators see of workers, and do to them. */
export interface Control {
  /** The namespace's workers, by name. Those without a stream are not seen. */
  workers(): Promise<readonly WorkerStatus[]>;
  /**
   * Sends a command, once, and gives each worker's answer as it comes; one that has not answered by the time-out is answered for.
   * WORKER_UNKNOWN, and nothing is sent, where nobody bears a name. Nothing is sent before the answers are asked for.
   */
  send<C extends WorkerCommand>(command: C, options?: SendOptions): AsyncIterable<WorkerReply<C["kind"]>>;
}

type ControlCalls = OperatorCalls & { readonly waits: Transport; readonly closing: AbortSignal };

/** Makes it. Answers come over the connection for what stays open. */
export function createControl({
  transport,
  waits,
  inNamespace,
  timed,
  call,
  closing,
}: ControlCalls): Control {
  const service = createClient(ControlService, transport);
  const sending = createClient(ControlService, waits);
  return {
    async workers() {
      const { workers } = await call(() => service.listWorkers({ ...inNamespace }, timed));
      return workers.map(workerFromProto);
    },
    async *send(command, { workers = [], timeoutMs } = {}) {
      if (closing.aborted) throw new ClientClosedError();
      const asked = {
        ...{ ...inNamespace, workers: [...workers], command: { kind: commandToProto(command) } },
        ...(timeoutMs !== undefined && { timeout: durationFromMs(timeoutMs) }),
      };
      try {
        for await (const answer of sending.send(asked, { signal: closing })) yield workerReply(answer);
      } catch (error) {
        throw closing.aborted ? new ClientClosedError() : problemFrom(error);
      }
    },
  };
}

const statuses: Readonly<Record<number, ReplyStatus>> = {
  [ProtoStatus.OK]: "ok",
  [ProtoStatus.ERROR]: "error",
  [ProtoStatus.UNSUPPORTED]: "unsupported",
  [ProtoStatus.TIMED_OUT]: "timed_out",
  [ProtoStatus.DISCONNECTED]: "disconnected",
};

const workerReply = ({ workerId, worker, status, reply, error }: SendResponse) => ({
  ...{ workerId, worker, status: statuses[status] },
  reply: reply && (replyFromProto(reply) as never),
  problem: error && problemFromStatus(error),
});

const modes: Readonly<Record<number, "strict" | "weighted">> = {
  [ProtoMode.STRICT]: "strict",
  [ProtoMode.WEIGHTED]: "weighted",
};

const workerFromProto = (worker: ProtoWorker): WorkerStatus => ({
  ...{ id: worker.id, name: worker.name, sdk: worker.sdk, slots: worker.slots, inFlight: worker.inFlight },
  queues: worker.queues.map(({ name, mode, weight }) => ({ name, mode: modes[mode], weight })),
  ...{ pausedQueues: worker.pausedQueues, broadcastChannels: worker.broadcastChannels },
  ...{ labels: worker.labels, capabilities: worker.capabilities },
  stats: worker.stats && workerStatsFromProto(worker.stats),
  connectedAt: worker.connectTime && timestampDate(worker.connectTime),
  heardAt: worker.heardTime && timestampDate(worker.heardTime),
  isConnected: worker.connected,
});
