import type { Transport } from "@connectrpc/connect";
import type { StemClient } from "@stem/sdk";
import type { Clock, Random } from "@stem/sdk/internal";
import { createContextDeps } from "./context-deps.ts";
import { Deadlines } from "./deadlines.ts";
import type { HeldLease } from "./lease.ts";
import { LeaseTable } from "./lease-table.ts";
import { endOverdue } from "./overdue.ts";
import { Prefetch } from "./prefetch.ts";
import { announcedTasks, type Registry } from "./registry.ts";
import { createRemote, type Remote } from "./remote.ts";
import { createRunners } from "./runner/runners.ts";
import type { Outcome } from "./settlement.ts";
import { Slots } from "./slots.ts";
import { createStreams, type Streams } from "./stream/streams.ts";
import type { WorkerSettings } from "./worker-options.ts";

/** What a worker runs on. */
export type EngineParts = {
  readonly settings: WorkerSettings;
  readonly registry: Registry;
  readonly transport: Transport;
  /** What handlers enqueue through; made when first needed. */
  readonly client: () => StemClient;
  readonly clock: Clock;
  readonly random: Random;
};

/** A worker without its beginning and its end. */
export type Engine = {
  readonly streams: Streams;
  readonly slots: Slots;
  readonly deadlines: Deadlines;
  /** Ends the threads and child processes. */
  readonly closeRunners: () => Promise<void>;
  readonly control: Remote["control"];
};

/** Puts a worker together: leases come in by the streams, run in the slots, and go out as settlements. */
export function createEngine(parts: EngineParts): Engine {
  const { settings, registry, clock } = parts;
  const leases = new LeaseTable();
  const prefetch = new Prefetch(settings.prefetchMax);
  const settle = (lease: HeldLease, outcome: Outcome): void => {
    remote.count(outcome);
    streams.settlements.add(lease, outcome);
  };
  const overdue = {
    log: settings.log,
    withdraw: (lease: HeldLease) => slots.withdraw(lease),
    settle,
    abortGraceMs: settings.abortGraceMs,
  };
  const deadlines = new Deadlines(leases, clock, (lease, now) => endOverdue(lease, now, overdue));
  const remote = createRemote({ settings, clock, leases, slots: () => slots, streams: () => streams });
  const contexts = createContextDeps({
    settings,
    clock,
    deadlines,
    transport: parts.transport,
    enqueuer: parts.client,
    streams: () => streams,
  });
  const runners = createRunners({
    ...contexts,
    registry,
    settings,
    clock,
    client: parts.client,
    resultBytesMax: () => streams.session.terms.resultBytesMax,
    watch: (time) => deadlines.watch(time),
  });
  const slots: Slots = new Slots(settings.concurrency, {
    runner: remote.counting(runners.runner),
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
    remote,
  });
  return { streams, slots, deadlines, closeRunners: runners.close, control: remote.control };
}
