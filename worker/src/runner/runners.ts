import type { StemClient } from "@stem/sdk";
import { type ClientGate, type Clock, gateOf } from "@stem/sdk/internal";
import type { ContextDeps } from "../context.ts";
import type { HandlerPlace, Registry } from "../registry.ts";
import type { WorkerSettings } from "../worker-options.ts";
import { createProcessPool } from "./child-process.ts";
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
};

/** All runners of a worker as one. `close` ends its threads and child processes. */
export type Runners = { readonly runner: Runner; readonly close: () => Promise<void> };

type Place = HandlerPlace["runner"];

/** Makes a runner for each kind of place that the registry names; one without threads and processes stays as simple as it was. */
export function createRunners(deps: RunnersDeps): Runners {
  const { registry } = deps;
  const inProcess = createInProcessRunner(deps);
  const places = new Set<Place>();
  for (const each of registry.values()) if ("runner" in each) places.add(each.runner);
  if (places.size === 0) return { runner: inProcess, close: () => Promise.resolve() };
  const pools = new Map<Place, HostPool>();
  const hosted = new Map<Place, Runner>();
  for (const place of places) {
    const pool = createPool(place, deps);
    pools.set(place, pool);
    hosted.set(place, createHostedRunner({ ...hostedDeps(deps), pool }));
  }
  const runner: Runner = {
    run(lease) {
      const implementation = registry.get(lease.task.name);
      const place = implementation && "runner" in implementation ? implementation.runner : undefined;
      return ((place && hosted.get(place)) ?? inProcess).run(lease);
    },
  };
  return {
    runner,
    close: async () => void (await Promise.all([...pools.values()].map((pool) => pool.close()))),
  };
}

function createPool(place: Place, { settings, clock, log }: RunnersDeps): HostPool {
  const { idleMs } = settings.recycle;
  const watch: HostWatch = {
    onInit: (host) => log.debug(host, "a host has started"),
    onShutdown: (host) => log.debug(host, "a host has ended"),
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
    moduleOf(taskName: string): string {
      const implementation = registry.get(taskName);
      if (implementation === undefined || !("module" in implementation))
        throw new Error(`${taskName} has no module`);
      return implementation.module.href;
    },
  };
}

function gateFor(client: StemClient): ClientGate {
  const gate = gateOf(client);
  if (gate === undefined)
    throw new TypeError(
      "threads and child processes enqueue through a client that connect() made; options.client is another",
    );
  return gate;
}
