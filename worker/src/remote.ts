import type { Clock } from "@stem/sdk/internal";
import { Control } from "./control.ts";
import type { LeaseTable } from "./lease-table.ts";
import type { Runner } from "./runner/runner.ts";
import type { Outcome } from "./settlement.ts";
import type { Slots } from "./slots.ts";
import { type Counts, count, counting, workerStats } from "./stats.ts";
import type { ConnectionDeps } from "./stream/connection.ts";
import type { Streams } from "./stream/streams.ts";
import type { WorkerSettings } from "./worker-options.ts";

/** What control leans on. Slots and streams are asked for late: they are made after it. */
export type RemoteParts = {
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly leases: LeaseTable;
  readonly slots: () => Slots;
  readonly streams: () => Streams;
};

/** How a worker is looked at and told what to do. */
export type Remote = Pick<ConnectionDeps, "control" | "stats"> & {
  /** The same runner, counting what it begins. */
  readonly counting: (runner: Runner) => Runner;
  /** Counts how an attempt ended. */
  readonly count: (outcome: Outcome) => void;
};

/** Ties a worker's control and its figures to the rest of it. */
export function createRemote(parts: RemoteParts): Remote {
  const { settings, clock, leases, slots, streams } = parts;
  const counts: Counts = { started: 0, succeeded: 0, failed: 0 };
  const running = (): number => slots().running.size;
  const stats = () =>
    workerStats({
      counts,
      slots: settings.concurrency,
      running,
      held: () => leases.size,
      sinceConfirmedMs: () => streams().confirmations.sinceMs,
    });
  const control = new Control({
    clock,
    log: settings.log,
    queues: settings.queues.map(({ name }) => name),
    leases,
    running,
    stats,
    cancel: (cancelled) => streams().session.cancelled(cancelled),
    onAnswer: () => streams().link.wake(),
  });
  return {
    control,
    stats,
    counting: (runner) => counting(counts, runner),
    count: (outcome) => count(counts, outcome),
  };
}
