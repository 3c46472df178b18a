import type { Bytes } from "../model/ids.ts";
import type { AdminStore } from "./admin-store.ts";
import type { CanvasStore } from "./canvas-store.ts";
import type { EventStore } from "./event-store.ts";
import type { GateStore } from "./gate-store.ts";
import type { NamespaceStore } from "./namespace-store.ts";
import type { QueueAdminStore } from "./queue-admin-store.ts";
import type { QueueStore } from "./queue-store.ts";
import type { RecordStore } from "./record-store.ts";
import type { ScheduleStore } from "./schedule-store.ts";
import type { SharedStore } from "./shared-store.ts";
import type { SideStore } from "./side-store.ts";
import type { TaskStore } from "./task-store.ts";

/** What an accepted task can be lost by: the disk alone; a power loss too; the end of the process. */
export type Durability = "disk" | "relaxed" | "none";

/** Everything a server keeps. Opened by storage/open.ts; closing waits for what is under way. */
export interface Store
  extends TaskStore,
    AdminStore,
    CanvasStore,
    SideStore,
    SharedStore,
    QueueStore,
    QueueAdminStore,
    NamespaceStore,
    GateStore,
    EventStore,
    RecordStore,
    ScheduleStore {
  /** The driver's name, such as "sqlite". */
  readonly kind: string;
  /** What an answered accept is safe from, as checked at the start. */
  readonly durability: Durability;
  /** A small value kept under a name, such as the keys of lease tokens; undefined when there is none. */
  getMeta(key: string): Promise<Bytes | undefined>;
  /**
   * Keeps a small value under a name, durably, where there is none, or where it is still `before`. Answers what is kept then: the value,
   * or what somebody else has put. Of those who ask at the same time, on whichever server, one gets its way.
   */
  swapMeta(key: string, before: Bytes | undefined, value: Bytes): Promise<Bytes>;
  /** Keeps a small value under a name, durably. */
  putMeta(key: string, value: Bytes): Promise<void>;
  /** Stops taking calls (they reject with STORE_UNAVAILABLE), finishes those under way, lets go of files and locks. Idempotent. */
  close(): Promise<void>;
}
