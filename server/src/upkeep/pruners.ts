import { createLoop, type Loop } from "../lib/loop.ts";
import type { Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";
import { pruneClaimsOnce } from "./claim-pruner.ts";
import { pruneEventsOnce } from "./event-pruner.ts";
import { pruneLocksOnce } from "./lock-pruner.ts";
import { pruneOverfullOnce } from "./overfull-pruner.ts";
import { pruneQueueEventsOnce } from "./queue-event-pruner.ts";
import { pruneResultsOnce } from "./result-pruner.ts";

/** What pruners live on. */
export type PrunersDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
};

const pruneIntervalMs = 10_000;
/** What is kept beyond a bound is looked for more often: whoever names a number means it. */
const overfullIntervalMs = 1000;

/** Makes the loops that remove what has grown old, or is too much. */
export const createPruners = (deps: PrunersDeps): readonly Loop[] => [
  resultPrunerOf(deps),
  overfullPrunerOf(deps),
  eventPrunerOf(deps),
  lockPrunerOf(deps),
  claimPrunerOf(deps),
  queueEventPrunerOf(deps),
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

function overfullPrunerOf(deps: PrunersDeps): Loop {
  const options = { intervalMs: overfullIntervalMs, batchRowsMax: deps.limits.batchTasksMax };
  return createLoop(deps, {
    name: "overfull-pruner",
    runOnce: () => pruneOverfullOnce(deps, options, deps.clock.now()),
  });
}

function queueEventPrunerOf(deps: PrunersDeps): Loop {
  const { batchTasksMax: batchRowsMax, queueEventRetentionMs: retentionMs } = deps.limits;
  const options = { intervalMs: pruneIntervalMs, batchRowsMax, retentionMs };
  return createLoop(deps, {
    name: "queue-event-pruner",
    runOnce: () => pruneQueueEventsOnce(deps, options, deps.clock.now()),
  });
}
