import type { BatchOptions } from "../batch-items.ts";
import { Gatherer } from "../gatherer.ts";
import type { RecycleRule } from "./bridge/messages.ts";
import { Guest, type GuestDeps } from "./guest.ts";
import type { HostPool } from "./host-pool.ts";
import type { Runner } from "./runner.ts";
import { SharedHost } from "./shared-host.ts";

/** What running in hosts needs. */
export type HostedDeps = GuestDeps & {
  readonly pool: HostPool;
  /** The module that has the handler of a task. */
  readonly moduleOf: (taskName: string) => string;
  /** How the tasks of a name are gathered; undefined: each runs by itself. */
  readonly batchOf: (taskName: string) => BatchOptions | undefined;
  readonly recycle: RecycleRule;
  readonly resultBytesMax: () => number;
};

/** Runs handlers in threads or child processes, and ends those that go on after they were told to stop. */
export function createHostedRunner(deps: HostedDeps): Runner {
  const gatherers = new Map<string, Gatherer<Guest>>();
  const begin = (guests: readonly Guest[]): void => startTogether(guests, deps);
  function gathererOf(taskName: string, options: BatchOptions): Gatherer<Guest> {
    const gatherer = gatherers.get(taskName) ?? new Gatherer<Guest>(options, deps.clock, begin);
    gatherers.set(taskName, gatherer);
    return gatherer;
  }
  return {
    run: (lease) =>
      new Promise((resolve) => {
        const guest = new Guest(lease, deps, resolve);
        const { name } = lease.task;
        const batch = deps.batchOf(name);
        if (batch === undefined) begin([guest]);
        else guest.wait(gathererOf(name, batch));
      }),
  };
}

/** Gives attempts of one task to one host. */
function startTogether(guests: readonly Guest[], deps: HostedDeps): void {
  const [first] = guests;
  if (first === undefined) return;
  const host = new SharedHost(
    deps.pool,
    {
      module: deps.moduleOf(first.lease.task.name),
      resultBytesMax: deps.resultBytesMax(),
      keepLog: deps.keepLog,
      recycle: deps.recycle,
    },
    guests,
  );
  for (const guest of guests) guest.start(host);
}
