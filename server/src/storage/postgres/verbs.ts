import type { GateNews } from "../../ports/gate-store.ts";
import type { SharedStore } from "../../ports/shared-store.ts";
import type { Store } from "../../ports/store.ts";
import { createAdminStore, createQueueStore, createSideStore } from "./admin-stores.ts";
import type { Asking } from "./asking.ts";
import { createCanvasStore } from "./canvas-store.ts";
import { createGateStore } from "./gate-store.ts";
import { createKeptLogStore } from "./kept-log-stores.ts";
import { createNamespaceStore, createQueueAdminStore } from "./operator-stores.ts";
import { createLockStore, createRecordStore } from "./record-stores.ts";
import { createScheduleStore } from "./schedule-store.ts";
import { createTaskStore } from "./task-store.ts";
import type { Tenant } from "./tenant.ts";

/** What the verbs are made from; `listen` names the one who hears what gates did, here and on other servers. */
export type VerbParts = {
  readonly asking: Asking;
  readonly tenant: Pick<Tenant, "setQueueCreation">;
  readonly listen: (listener: (news: GateNews) => void) => void;
};

/** All verbs of a store. */
export const createVerbs = ({
  asking,
  tenant,
  listen,
}: VerbParts): Omit<Store, "kind" | "durability" | "close" | keyof SharedStore> => ({
  ...createTaskStore(asking),
  ...createAdminStore(asking),
  ...createCanvasStore(asking),
  ...createSideStore(asking),
  ...createQueueStore(asking),
  ...createQueueAdminStore(asking),
  ...createNamespaceStore(asking, tenant),
  ...createKeptLogStore(asking),
  ...createRecordStore(asking),
  ...createLockStore(asking),
  ...createScheduleStore(asking),
  ...createGateStore(asking, listen),
});
