import { createClient, type Transport } from "@connectrpc/connect";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import type { Enqueuer } from "@stem/sdk";
import type { Clock, Random } from "@stem/sdk/internal";
import { createContextDeps } from "./context-deps.ts";
import { Deadlines } from "./deadlines.ts";
import type { HeldLease } from "./lease.ts";
import { LeaseTable } from "./lease-table.ts";
import { endOverdue } from "./overdue.ts";
import { Prefetch } from "./prefetch.ts";
import { announcedTasks, type Registry } from "./registry.ts";
import { createInProcessRunner } from "./runner/in-process.ts";
import type { Outcome } from "./settlement.ts";
import { Slots } from "./slots.ts";
import { createStreams, type Streams } from "./stream/streams.ts";
import type { WorkerSettings } from "./worker-options.ts";

/** What a worker runs on. */
export type EngineParts = {
  readonly settings: WorkerSettings;
  readonly registry: Registry;
  readonly transport: Transport;
  readonly enqueuer: () => Enqueuer;
  readonly clock: Clock;
  readonly random: Random;
};

/** A worker without its beginning and its end. */
export type Engine = { readonly streams: Streams; readonly slots: Slots; readonly deadlines: Deadlines };

/** Puts a worker together: leases come in by the streams, run in the slots, and go out as settlements. */
export function createEngine(parts: EngineParts): Engine {
  const { settings, registry, clock } = parts;
  const client = createClient(WorkerService, parts.transport);
  const leases = new LeaseTable();
  const prefetch = new Prefetch(settings.prefetchMax);
  const settle = (lease: HeldLease, outcome: Outcome): void => streams.settlements.add(lease, outcome);
  const overdue = {
    log: settings.log,
    withdraw: (lease: HeldLease) => slots.withdraw(lease),
    settle,
  };
  const deadlines = new Deadlines(leases, clock, (lease, now) => endOverdue(lease, now, overdue));
  const contexts = { ...parts, client, deadlines, streams: () => streams };
  const runner = createInProcessRunner({
    ...createContextDeps(contexts),
    registry,
    resultBytesMax: () => streams.session.terms.resultBytesMax,
  });
  const slots: Slots = new Slots(settings.concurrency, {
    runner,
    clock,
    watch: (time) => deadlines.watch(time),
    onEnded(lease, outcome) {
      prefetch.count();
      if (outcome) settle(lease, outcome);
      else leases.remove(lease);
      streams.link.wake();
    },
  });
  const streams = createStreams({
    ...parts,
    leases,
    slots,
    deadlines,
    prefetch,
    tasks: announcedTasks(registry),
  });
  return { streams, slots, deadlines };
}
