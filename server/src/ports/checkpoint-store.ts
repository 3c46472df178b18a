import type { Bytes, Instant } from "../model/ids.ts";
import type { LeaseLostReason, LeaseRef } from "./task-store.ts";

/** Where attempts leave what their successors shall find. A settlement can leave it, too: see TaskChange. */
export interface CheckpointStore {
  /**
   * Keeps checkpoints of leases whose fence is the task's newest and unsettled, each in place of the task's last one; durable when it
   * resolves. The task's next claim carries it. Writes no event and no revision. Goes with its task.
   */
  saveCheckpoints(saves: readonly CheckpointSave[]): Promise<readonly CheckpointVerdict[]>;
}

/** What one lease leaves. */
export type CheckpointSave = LeaseRef & { readonly data: Bytes; readonly now: Instant };

/** saved, or why the lease is over. */
export type CheckpointVerdict = "saved" | LeaseLostReason;
