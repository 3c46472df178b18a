import type { Transport } from "@connectrpc/connect";
import type { StemClient } from "@stem/sdk";
import type { Clock, Random, ServerMoves } from "@stem/sdk/internal";
import { openAccounts } from "./accounts.ts";
import { createAutoscaler } from "./autoscaling.ts";
import { createContextDeps } from "./context-deps.ts";
import type { EventHub } from "./events.ts";
import { LeaseTable } from "./lease-table.ts";
import { watchOverdue } from "./overdue.ts";
import { Prefetch } from "./prefetch.ts";
import { announcedTasks, type Registry } from "./registry.ts";
import { createRemote } from "./remote.ts";
import { createRunners } from "./runner/runners.ts";
import { Slots } from "./slots.ts";
import { createStreams, type Streams } from "./stream/streams.ts";
import type { WorkerSettings } from "./worker-options.ts";

/** What a worker runs on. */
export type EngineParts = {
  readonly settings: WorkerSettings;
  readonly registry: Registry;
  readonly transport: Transport;
  readonly moves: ServerMoves | undefined;
  /** What handlers enqueue through; made when first needed. */
  readonly client: () => StemClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventHub;
};

/** A worker without its beginning and its end. */
export type Engine = ReturnType<typeof createEngine>;

/** Puts a worker together: leases come in by the streams, run in the slots, and go out as settlements. */
export function createEngine(parts: EngineParts) {
  const { settings, registry, clock, events } = parts;
  const leases = new LeaseTable();
  const prefetch = new Prefetch(settings.prefetchMax);
  const accounts = openAccounts({ name: settings.name, registry, clock, events });
  const deadlines = watchOverdue(leases, clock, {
    log: settings.log,
    abortGraceMs: settings.abortGraceMs,
    withdraw: (lease) => slots.withdraw(lease),
    settle: (lease, outcome) => streams.settlements.add(lease, outcome),
    onSoftTimeout: accounts.softlyTimedOut,
    onTimeout: accounts.timedOut,
    abandon(lease, outcome) {
      accounts.abandoned(lease, outcome);
      streams.settlements.add(lease, outcome);
      slots.abandoned();
    },
  });
  const watch = (time: number): void => deadlines.watch(time);
  const contexts = createContextDeps({
    ...{ settings, clock, events, deadlines, transport: parts.transport },
    client: parts.client,
    streams: (): Streams => streams,
  });
  const runners = createRunners({
    ...contexts,
    ...{ registry, settings, clock, events, watch, client: parts.client },
    resultBytesMax: () => streams.session.terms.resultBytesMax,
  });
  const slots: Slots = new Slots(settings.concurrency, {
    ...{ runner: runners.runner, clock, watch },
    onStart: accounts.began,
    onEnded(lease, outcome) {
      prefetch.count();
      accounts.ended(lease, outcome);
      if (outcome) streams.settlements.add(lease, outcome);
      else leases.remove(lease);
      streams.link.wake();
    },
  });
  const slotsMax = settings.autoscale?.max ?? settings.concurrency;
  const stats = () => accounts.stats({ slots, slotsMax, children: runners.children(), leases });
  const control = createRemote({ settings, clock, events, leases, slots, stats, streams: () => streams });
  const autoscaler = createAutoscaler({ ...parts, slots, streams: () => streams });
  const streams: Streams = createStreams({
    ...{ ...parts, leases, slots, deadlines, prefetch },
    tasks: announcedTasks(registry),
    control,
    onBeat() {
      const told = stats();
      events.emit("worker-heartbeat", { stats: told });
      return told;
    },
  });
  return { streams, slots, deadlines, runners, autoscaler, stats, control };
}
