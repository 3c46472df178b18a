import type { Bytes, Namespace, TaskRef } from "../model/ids.ts";

/** How far a running attempt has come, as its handler says; `data` is an encoded payload. */
export type TaskProgress = {
  readonly percent: number | undefined;
  readonly message: string;
  readonly data: Bytes | undefined;
};

/** Where whoever changes tasks says so, after the commit. Hints: losing one costs whoever waits a second at most. */
export interface TaskHints {
  /** These tasks changed, and whoever held them holds them still. */
  changed(refs: readonly TaskRef[]): void;
  /** Tasks of a namespace changed, more than anybody has listed: whoever waits for any of them looks again. */
  manyChanged(namespace: Namespace): void;
  /** The leases of these tasks ended: settled, cancelled or expired. What their attempts had reported is void. */
  leaseEnded(refs: readonly TaskRef[]): void;
  /** These tasks put something out. */
  written(refs: readonly TaskRef[]): void;
  /** The attempt under way reported this. */
  progressed(ref: TaskRef, progress: TaskProgress): void;
}
