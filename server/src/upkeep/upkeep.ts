/**
 * Upkeep: what has to happen without anybody asking: leases that run out, delays that end, records that grow old. One loop a file, each
 * with a `…Once` that does one round and answers when to come again; those that prune are alike, and share one. It decides nothing:
 * model/task-machine.ts does.
 */

import type { QueueHints } from "../broker/broker.ts";
import { createLoop, type Loop } from "../lib/loop.ts";
import type { Defaults, Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import { type CanvasSweeperDeps, sweepCanvasesOnce } from "./canvas-sweeper.ts";
import { expireOnce } from "./expirer.ts";
import { openGatesOnce } from "./gate-opener.ts";
import { reapOnce } from "./lease-reaper.ts";
import { createPruners } from "./pruners.ts";
import { createRemovers, type RemoversDeps } from "./removers.ts";
import { resumeOnce } from "./resumer.ts";
import { fireSchedulesOnce, type ScheduleFirerDeps } from "./schedule-firer.ts";
import { stageOnce } from "./stager.ts";

/** What upkeep lives on. */
export type UpkeepDeps = RemoversDeps & {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly defaults: Defaults;
  /** The broker's: who is told that tasks became ready, and tells that tasks were scheduled. */
  readonly queueHints: QueueHints;
  /** The backend's: who is told that tasks changed. */
  readonly hints: TaskHints;
  readonly tidyCanvases: CanvasSweeperDeps["tidyCanvases"];
  readonly schedules: ScheduleFirerDeps["schedules"];
};

/** Loops at work. */
export type Upkeep = {
  /** Ends all loops, and resolves when the rounds under way are over. */
  stop(): Promise<void>;
};

const stageIntervalMs = 1000;
/** Well below what a delay of 100 ms may be late, well above what a round costs. */
const stagePauseMs = 5;
const expireIntervalMs = 1000;
/** How long a task may go on whose group has failed, before it is cancelled. */
const sweepIntervalMs = 500;
/** Queues in one write. */
const resumedTogether = 100;

/** Starts all loops. */
export function startUpkeep(deps: UpkeepDeps): Upkeep {
  const stager = stagerOf(deps);
  // A task that is scheduled to come sooner than the stager would: it comes with it.
  deps.queueHints.onScheduled((earliest) =>
    stager.hurry(Math.max(stagePauseMs, earliest - deps.clock.now())),
  );
  const gateOpener = gateOpenerOf(deps);
  deps.queueHints.onGatesWait((wakeAt) =>
    gateOpener.hurry(Math.max(stagePauseMs, wakeAt - deps.clock.now())),
  );
  const firer = firerOf(deps);
  deps.schedules.onPlanned((delayMs) => firer.hurry(delayMs));
  const waking = [
    firer,
    reaperOf(deps),
    resumerOf(deps),
    stager,
    expirerOf(deps),
    gateOpener,
    sweeperOf(deps),
  ];
  const loops = [...waking, ...createPruners(deps), ...createRemovers(deps)];
  for (const loop of loops) loop.start();
  return {
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

function reaperOf(deps: UpkeepDeps): Loop {
  const options = {
    intervalMs: deps.defaults.reapIntervalMs,
    batchTasksMax: deps.limits.batchTasksMax,
  };
  return createLoop(deps, {
    name: "lease-reaper",
    runOnce: () => reapOnce(deps, options, deps.clock.now()),
  });
}

function stagerOf(deps: UpkeepDeps): Loop {
  const options = {
    intervalMs: stageIntervalMs,
    pauseMs: stagePauseMs,
    batchTasksMax: deps.limits.batchTasksMax,
  };
  return createLoop(deps, { name: "stager", runOnce: () => stageOnce(deps, options, deps.clock.now()) });
}

function resumerOf(deps: UpkeepDeps): Loop {
  const options = { intervalMs: stageIntervalMs, queuesMax: resumedTogether };
  return createLoop(deps, { name: "resumer", runOnce: () => resumeOnce(deps, options, deps.clock.now()) });
}

function gateOpenerOf(deps: UpkeepDeps): Loop {
  const options = { intervalMs: stageIntervalMs, pauseMs: stagePauseMs };
  return createLoop(deps, {
    name: "gate-opener",
    runOnce: () => openGatesOnce(deps, options, deps.clock.now()),
  });
}

function sweeperOf(deps: UpkeepDeps): Loop {
  const options = { intervalMs: sweepIntervalMs, pauseMs: stagePauseMs };
  return createLoop(deps, { name: "canvas-sweeper", runOnce: () => sweepCanvasesOnce(deps, options) });
}

function firerOf(deps: UpkeepDeps): Loop {
  const options = { intervalMs: stageIntervalMs, pauseMs: stagePauseMs };
  return createLoop(deps, { name: "schedule-firer", runOnce: () => fireSchedulesOnce(deps, options) });
}

function expirerOf(deps: UpkeepDeps): Loop {
  const options = { intervalMs: expireIntervalMs, batchTasksMax: deps.limits.batchTasksMax };
  return createLoop(deps, { name: "expirer", runOnce: () => expireOnce(deps, options, deps.clock.now()) });
}
