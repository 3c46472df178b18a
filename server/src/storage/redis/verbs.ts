import type { Store } from "../../ports/store.ts";
import { createCanvasReadings } from "./canvas-readings.ts";
import { createCanvasVerbs } from "./canvas-verbs.ts";
import { createEventVerbs } from "./event-verbs.ts";
import { createGateVerbs } from "./gate-verbs.ts";
import { createOutputVerbs, createQueueEventVerbs } from "./log-verbs.ts";
import { createNamespaceVerbs } from "./namespace-verbs.ts";
import { createQueueAdminVerbs, createQueueVerbs } from "./queue-verbs.ts";
import { createReadVerbs } from "./read-verbs.ts";
import { createClaimVerbs, createDefinitionVerbs, createLockVerbs, createMetaVerbs } from "./record-verbs.ts";
import type { Runner } from "./runner.ts";
import { createScheduleVerbs } from "./schedule-verbs.ts";
import { createAdminVerbs, createSideVerbs, sweep } from "./side-verbs.ts";
import { createTaskVerbs } from "./task-verbs.ts";

/** All verbs of the store, each as the scripts do it. */
export const createVerbs = (runner: Runner): Omit<Store, "kind" | "durability" | "close" | "onGateNews"> => ({
  ...createTaskVerbs(runner),
  ...createReadVerbs(runner),
  prune: (now, limit) => sweep(runner, "prune", now, limit),
  ...createAdminVerbs(runner),
  ...createSideVerbs(runner),
  ...createQueueVerbs(runner),
  ...createQueueAdminVerbs(runner),
  ...createNamespaceVerbs(runner),
  ...createGateVerbs(runner),
  ...createEventVerbs(runner),
  ...createMetaVerbs(runner),
  ...createDefinitionVerbs(runner),
  ...createLockVerbs(runner),
  ...createClaimVerbs(runner),
  ...createOutputVerbs(runner),
  ...createQueueEventVerbs(runner),
  ...createCanvasVerbs(runner),
  ...createCanvasReadings(runner),
  ...createScheduleVerbs(runner),
});
