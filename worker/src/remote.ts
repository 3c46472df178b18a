import type { Clock } from "@stem/sdk/internal";
import { Control } from "./control.ts";
import type { EventHub } from "./events.ts";
import type { LeaseTable } from "./lease-table.ts";
import type { Slots } from "./slots.ts";
import type { WorkerStats } from "./stats.ts";
import type { Streams } from "./stream/streams.ts";
import { writeStats } from "./stream/write-stats.ts";
import type { WorkerSettings } from "./worker-options.ts";

/** What control leans on. Streams are asked for late: they are made after it. */
export type RemoteParts = {
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly events: EventHub;
  readonly leases: LeaseTable;
  readonly slots: Slots;
  readonly stats: () => WorkerStats;
  readonly streams: () => Streams;
};

/** Ties a worker's control to the rest of it: what commands look at and touch. */
export const createRemote = ({
  settings,
  clock,
  events,
  leases,
  slots,
  stats,
  streams,
}: RemoteParts): Control =>
  new Control({
    clock,
    events,
    log: settings.log,
    queues: settings.queues.map(({ name }) => name),
    leases,
    running: () => slots.running.size,
    stats: () => writeStats(stats(), streams().confirmations.sinceMs),
    cancel: (cancelled) => streams().session.cancelled(cancelled),
    onAnswer: () => streams().link.wake(),
  });
