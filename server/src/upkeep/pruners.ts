import { createLoop, type Loop } from "../lib/loop.ts";
import type { Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";
import { pruneClaimsOnce } from "./claim-pruner.ts";
import { pruneEventsOnce } from "./event-pruner.ts";
import { pruneLocksOnce } from "./lock-pruner.ts";
import { pruneResultsOnce } from "./result-pruner.ts";

/** What pruners live on. */
type PrunersDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
};

const pruneIntervalMs = 10_000;

/** The loops that forget what has grown old. */
export const prunersOf = (deps: PrunersDeps): readonly Loop[] => [
  resultPrunerOf(deps),
  eventPrunerOf(deps),
  lockPrunerOf(deps),
  claimPrunerOf(deps),
];

function resultPrunerOf(deps: PrunersDeps): Loop {
  const options = { intervalMs: pruneIntervalMs, batchRowsMax: deps.limits.batchTasksMax };
  return createLoop(deps, {
    name: "result-pruner",
    runOnce: () => pruneResultsOnce(deps, options, deps.clock.now()),
  });
}

function eventPrunerOf(deps: PrunersDeps): Loop {
  const options = {
    intervalMs: pruneIntervalMs,
    batchRowsMax: deps.limits.batchTasksMax,
    retentionMs: deps.limits.eventRetentionMs,
    bytesMax: deps.limits.eventBytesMax,
  };
  return createLoop(deps, {
    name: "event-pruner",
    runOnce: () => pruneEventsOnce(deps, options, deps.clock.now()),
  });
}

function lockPrunerOf(deps: PrunersDeps): Loop {
  const options = { intervalMs: pruneIntervalMs, batchRowsMax: deps.limits.batchTasksMax };
  return createLoop(deps, {
    name: "lock-pruner",
    runOnce: () => pruneLocksOnce(deps, options, deps.clock.now()),
  });
}

function claimPrunerOf(deps: PrunersDeps): Loop {
  const options = { intervalMs: pruneIntervalMs, batchRowsMax: deps.limits.batchTasksMax };
  return createLoop(deps, {
    name: "claim-pruner",
    runOnce: () => pruneClaimsOnce(deps, options, deps.clock.now()),
  });
}
