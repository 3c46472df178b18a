import type { StemClient } from "@stem/sdk";
import type { Clock } from "@stem/sdk/internal";
import { gateFor } from "../client-gate.ts";
import type { ContextDeps } from "../context.ts";
import type { EventHub } from "../events.ts";
import { aroundOf, consuming } from "../middleware.ts";
import type { HandlerPlace, Registry } from "../registry.ts";
import type { WorkerSettings } from "../worker-options.ts";
import { aroundHosted } from "./around-hosted.ts";
import { createProcessPool } from "./child-process.ts";
import { fetchingResults } from "./fetched-results.ts";
import type { HostPool, HostWatch } from "./host-pool.ts";
import { createHostedRunner } from "./hosted.ts";
import { createInProcessRunner } from "./in-process.ts";
import type { Runner } from "./runner.ts";
import { createThreadPool } from "./thread.ts";

/** What the runners of a worker need. */
export type RunnersDeps = ContextDeps & {
  readonly registry: Registry;
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly client: () => StemClient;
  readonly resultBytesMax: () => number;
  readonly watch: (time: number) => void;
  readonly events: EventHub;
};

/** All runners of a worker as one. `close` ends its threads and child processes. */
export type Runners = {
  readonly runner: Runner;
  /** How many threads and child processes there are. */
  readonly children: () => number;
  readonly close: () => Promise<void>;
};

type Place = HandlerPlace["runner"];

/** Makes a runner for each kind of place that the registry names; one without threads and processes stays as simple as it was. */
export function createRunners(deps: RunnersDeps): Runners {
  const { registry, settings, log } = deps;
  const around = aroundOf(settings.middleware, log);
  const inProcess = createInProcessRunner({ ...deps, around });
  const places = new Set<Place>();
  for (const each of registry.values()) if ("runner" in each) places.add(each.runner);
  const dressed = (runner: Runner): Runner =>
    consuming(fetchingResults(runner, deps.client), settings.middleware, log);
  if (places.size === 0)
    return { runner: dressed(inProcess), children: () => 0, close: () => Promise.resolve() };
  const children = new Set<string>();
  const pools = new Map<Place, HostPool>();
  const hosted = new Map<Place, Runner>();
  for (const place of places) {
    const pool = createPool(place, deps, children);
    pools.set(place, pool);
    const runner = createHostedRunner({ ...hostedDeps(deps), pool });
    hosted.set(
      place,
      around ? aroundHosted(runner, around, { ...deps, taskOf: (name) => registry.get(name)?.task }) : runner,
    );
  }
  const runner: Runner = {
    run(lease) {
      const implementation = registry.get(lease.task.name);
      const place = implementation && "runner" in implementation ? implementation.runner : undefined;
      return ((place && hosted.get(place)) ?? inProcess).run(lease);
    },
  };
  return {
    runner: dressed(runner),
    children: () => children.size,
    close: () => closeAll([...pools.values()], deps.clock),
  };
}

// Hosts that are ended by force are gone in far less.
const closeMsMax = 30_000;

/** Idle hosts keep no process alive; whoever waits for their end wants to see it all the same. */
async function closeAll(pools: readonly HostPool[], clock: Clock): Promise<void> {
  const cancelHold = clock.after(closeMsMax, () => undefined);
  await Promise.all(pools.map((pool) => pool.close()));
  cancelHold();
}

function createPool(
  place: Place,
  { settings, clock, log, events }: RunnersDeps,
  children: Set<string>,
): HostPool {
  const { idleMs } = settings.recycle;
  const watch: HostWatch = {
    onInit(host) {
      children.add(`${host.runner} ${host.id}`);
      log.debug(host, "a child has started");
      events.emit("worker-child-init", host);
    },
    onShutdown(host) {
      children.delete(`${host.runner} ${host.id}`);
      log.debug(host, "a child has ended");
      events.emit("worker-child-shutdown", host);
    },
  };
  return place === "thread"
    ? createThreadPool({ threadsMax: settings.concurrency, idleMs, watch })
    : createProcessPool({ clock, idleMs, watch });
}

function hostedDeps(deps: RunnersDeps) {
  const { registry, settings, client } = deps;
  return {
    ...deps,
    recycle: settings.recycle,
    abortGraceMs: settings.abortGraceMs,
    gate: () => gateFor(client()),
    batchOf: (taskName: string) => registry.get(taskName)?.batch,
    moduleOf(taskName: string): string {
      const implementation = registry.get(taskName);
      if (implementation === undefined || !("module" in implementation))
        throw new Error(`${taskName} has no module`);
      return implementation.module.href;
    },
  };
}
