import type { DefinitionStore } from "./definition-store.ts";
import type { LockStore } from "./lock-store.ts";
import type { OutputStore } from "./output-store.ts";
import type { QueueEventStore } from "./queue-event-store.ts";
import type { UniqueStore } from "./unique-store.ts";

/** What is kept beside tasks and queues. */
export type RecordStore = DefinitionStore & LockStore & UniqueStore & OutputStore & QueueEventStore;
