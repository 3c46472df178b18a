import type { TaskCheckpoint } from "@stem/proto/stem/v1/checkpoint_pb";
import { payloadBytesAtMost } from "@stem/sdk/internal";
import type { HeldLease } from "../lease.ts";
import type { Frame } from "./frame-log.ts";

const itemsMax = 1000;
// Beside the data: the token, and framing.
const itemBytes = 544;

/**
 * What handlers leave for their successors: the latest of each attempt, sent as soon as may be. Nothing answers it, so all are sent again
 * on a new stream; and a settlement after which the task goes on carries the last one once more.
 */
export class CheckpointReports {
  readonly #held: Iterable<HeldLease>;
  readonly #onReady: () => void;
  readonly #waiting = new Set<HeldLease>();

  constructor(held: Iterable<HeldLease>, onReady: () => void) {
    this.#held = held;
    this.#onReady = onReady;
  }

  /** The lease has a new checkpoint. */
  add(lease: HeldLease): void {
    this.#waiting.add(lease);
    this.#onReady();
  }

  /** Another stream is open: what the last one may have lost goes again. */
  again(): void {
    for (const lease of this.#held) if (lease.checkpoint !== undefined) this.#waiting.add(lease);
  }

  /** The next frame, if there is one. */
  take(frameBytesMax: number): Frame | undefined {
    if (this.#waiting.size === 0) return undefined;
    const checkpoints: TaskCheckpoint[] = [];
    let bytes = 0;
    for (const lease of this.#waiting) {
      const { checkpoint: data } = lease;
      bytes += itemBytes + payloadBytesAtMost(data);
      if (checkpoints.length === itemsMax || (checkpoints.length > 0 && bytes > frameBytesMax)) break;
      this.#waiting.delete(lease);
      if (data === undefined || lease.phase !== "running") continue;
      const { leaseToken } = lease.grant;
      checkpoints.push({ $typeName: "stem.v1.TaskCheckpoint", leaseToken, data });
    }
    if (this.#waiting.size > 0) this.#onReady();
    if (checkpoints.length === 0) return undefined;
    return { case: "checkpoints", value: { $typeName: "stem.v1.SaveCheckpoints", checkpoints } };
  }
}
