/**
 * The memory store: the reference, the shortest code that keeps the contract of ports/. Every verb is one synchronous function, and
 * that is all its atomicity. Nothing outlives the process. Read on in state.ts (what is kept), accept.ts, claim.ts, settle.ts.
 */

import type { Limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import type { Store } from "../../ports/store.ts";
import { createAdminStore } from "./admin.ts";
import { createCanvasStore } from "./canvas-store.ts";
import { goOn } from "./continue.ts";
import { createGateStore, createGateVerbs } from "./gate-verbs.ts";
import { prune } from "./prune.ts";
import { createQueueStore } from "./queue-store.ts";
import { createReadings } from "./readings.ts";
import { createRecordStore } from "./records.ts";
import { createScheduleStore } from "./schedules.ts";
import { createSideStore } from "./side-store.ts";
import { createState } from "./state.ts";
import { createTaskVerbs } from "./task-verbs.ts";

/** `epoch` (default 1) is the first part of every fence: give a larger one to each store that follows another. */
export type MemoryStoreOptions = { readonly limits: Limits; readonly epoch?: number };

/** Opens an empty store that is gone when it is closed. */
export function createMemoryStore({ limits, epoch = 1 }: MemoryStoreOptions): Store {
  const state = createState(limits, epoch);
  const gateVerbs = createGateVerbs(state);
  let isOpen = true;

  /** `now`: when the verb moves tasks, which may concern gates. */
  async function call<T>(verb: () => T, now?: Parameters<typeof gateVerbs.end>[0]): Promise<T> {
    if (!isOpen) throw new StemProblem({ reason: "STORE_UNAVAILABLE" });
    const answer = verb();
    goOn(state);
    state.log.seal();
    gateVerbs.end(now);
    return answer;
  }

  return {
    kind: "memory",
    durability: "none",
    ...createAdminStore(state, call),
    ...createTaskVerbs(state, call),
    ...createReadings(state, call),
    prune: (now, limit) => call(() => prune(state, now, limit)),
    ...createQueueStore(state, call),
    ...createCanvasStore(state, call),
    ...createScheduleStore(state, call),
    ...createGateStore(gateVerbs, call),
    ...createSideStore(state, call),
    readEvents: (after, limit) => call(() => state.log.read(after, limit)),
    truncateEvents: (before, bytesMax, limit) => call(() => state.log.truncate(before, bytesMax, limit)),
    ...createRecordStore(state, call),
    async close() {
      isOpen = false;
    },
  };
}
