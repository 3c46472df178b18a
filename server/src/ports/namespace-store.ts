import type { Instant, Namespace } from "../model/ids.ts";
import type { NamespaceRecord, NamespaceUse, QueueCreation } from "../model/namespace.ts";

/**
 * Namespaces: what operators said of them, which `accept` and `claim` obey in their transactions. Same errors as TaskStore. What is
 * stored under a name that has no record is kept, and obeys nothing.
 */
export interface NamespaceStore {
  /**
   * Called once, before anything else: makes records of these names where there are none, and answers all records by name.
   * `queueCreation` holds, until the store is closed, wherever a namespace says nothing of it.
   */
  openNamespaces(opening: NamespaceOpening): Promise<readonly NamespaceRecord[]>;
  /** Makes a record. "exists": there is one. */
  createNamespace(record: NamespaceRecord): Promise<"done" | "exists">;
  /** Puts a record in the place of that of the revision before it. Calls of `accept` and `claim` that are made later obey it. */
  updateNamespace(record: NamespaceRecord): Promise<"done" | "conflict">;
  /** How much is in a namespace. */
  readNamespaceUse(namespace: Namespace): Promise<NamespaceUse>;
  /**
   * Does a piece of the deletion of a namespace whose state is deleting: cancels up to `limit` tasks that wait; when none do and none is
   * leased, removes up to `limit` records of tasks with all that hangs on them; when none are left, removes its queues, claims,
   * revocations and its own record. "more": call again. "leased": call again when leases have ended. "gone": nothing is left, and the
   * name is free.
   */
  clearNamespace(namespace: Namespace, now: Instant, limit: number): Promise<"more" | "leased" | "gone">;
}

/** What namespaces begin with. */
export type NamespaceOpening = {
  readonly names: readonly Namespace[];
  readonly queueCreation: QueueCreation;
  readonly now: Instant;
};
