import type { GateNews } from "../../ports/gate-store.ts";
import type { Store } from "../../ports/store.ts";
import { createAdminStore, createQueueStore, createSideStore } from "./admin-stores.ts";
import type { Asking } from "./asking.ts";
import { createGateStore } from "./gate-store.ts";
import { createLockStore, createRecordStore } from "./record-stores.ts";
import { createTaskStore } from "./task-store.ts";

/** All verbs of a store; `listen` names the one who hears what gates did, here and on other servers. */
export const createVerbs = (
  asking: Asking,
  listen: (listener: (news: GateNews) => void) => void,
): Omit<Store, "kind" | "durability" | "close"> => ({
  ...createTaskStore(asking),
  ...createAdminStore(asking),
  ...createSideStore(asking),
  ...createQueueStore(asking),
  ...createRecordStore(asking),
  ...createLockStore(asking),
  ...createGateStore(asking, listen),
});
