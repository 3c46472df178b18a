import {
  createAssemble,
  createGrowthFailure,
  createReadTarget,
  isSameTarget,
  markFamily,
  markSlot,
} from "../../server/src/api/api.ts";
import { createSchedules, type Schedules } from "../../server/src/beat/beat.ts";
import { createBroker, type RunningBroker } from "../../server/src/broker/broker.ts";
import { type Canvases, createCanvases, withCanvasBells } from "../../server/src/canvas/canvas.ts";
import type { TaskHints } from "../../server/src/ports/task-hints.ts";

type BrokerDeps = Parameters<typeof createBroker>[0];

/** What they live on; `hints` are the backend's. */
export type BrokerRoomDeps = Omit<BrokerDeps, "assemble" | "readHanded" | "grow">;

/** Broker and canvases, which know each other, and schedules, which start what these take in; `hints` are those that both listen to. */
export type BrokerRoom = {
  readonly broker: RunningBroker;
  readonly canvases: Canvases;
  readonly schedules: Schedules;
  readonly hints: TaskHints;
};

/** Makes them as the composition root does. */
export async function openBrokerRoom(deps: BrokerRoomDeps): Promise<BrokerRoom> {
  const { limits } = deps;
  const { hints, bells } = withCanvasBells(deps.hints);
  const broker = await createBroker({
    ...{ ...deps, hints, assemble: createAssemble(limits) },
    readHanded: (ref) => canvases.readHanded(ref),
    grow: (...wanted) => canvases.grow(...wanted),
  });
  const canvases = createCanvases({
    ...{ ...deps, bells, broker, markFamily },
    failureOf: createGrowthFailure(limits),
  });
  const schedules = createSchedules({
    ...{ ...deps, owner: deps.random.taskId(), readTarget: createReadTarget(deps), isSameTarget, markSlot },
    ...{ completeTasks: broker.completeTasks, refuseWhileDraining: broker.refuseWhileDraining },
    ...{ announce: broker.announce, cancelTask: broker.cancel },
    ...{ prepareCanvas: canvases.prepare, cancelCanvas: canvases.cancel },
  });
  return { broker, canvases, schedules, hints };
}
