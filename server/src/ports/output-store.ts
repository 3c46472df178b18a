import type { Instant, TaskRef } from "../model/ids.ts";
import type { LogGap } from "../model/kept-log.ts";
import type { TaskState } from "../model/task.ts";
import type { NewOutput, OutputEntry, OutputKind } from "../model/task-output.ts";
import type { LeaseLostReason, LeaseRef } from "./task-store.ts";

/** What tasks put out while they run. It goes when its task goes. Same transactions, same errors as TaskStore. */
export interface OutputStore {
  /**
   * Keeps what the holders of leases put out, one after the other, and drops the oldest of each kind beyond its bounds
   * (model/task-output.ts). Guarded as a settlement: only while the fence is the task's newest, and unsettled. What such a lease has
   * put out before is not kept again. Writes no event and no revision.
   */
  writeOutput(writes: readonly OutputWrite[]): Promise<readonly OutputVerdict[]>;
  /** Some of a task's output, and whether more can come; undefined when there is no such task. */
  readOutput(query: OutputQuery): Promise<OutputPage | undefined>;
}

/** What the holder of one lease puts out. */
export type OutputWrite = LeaseRef & { readonly entries: readonly NewOutput[]; readonly now: Instant };

/** What became of it: all of it is kept, but for what was kept before; or nothing. */
export type OutputVerdict =
  | { readonly kind: "written"; readonly written: number; readonly repeated: number }
  | { readonly kind: "lost"; readonly state: TaskState | undefined; readonly why: LeaseLostReason };

/** Which output to read: entries of these kinds from a place on, in order. */
export type OutputQuery = {
  readonly ref: TaskRef;
  readonly from: number;
  readonly kinds: readonly OutputKind[];
  readonly limit: number;
  /** The bodies stay within this, all together; the first entry is read however large. */
  readonly bytesMax: number;
};

/** Some of a task's output, all as of one moment. */
export type OutputPage = {
  readonly entries: readonly OutputEntry[];
  /** What was asked for and is not there any more, by kind. */
  readonly gaps: readonly (LogGap & { readonly kind: OutputKind })[];
  /** Where to read on: nothing that was asked for stands between the last entry and here. */
  readonly next: number;
  /** Whether there is more to read at once. */
  readonly hasMore: boolean;
  /** Whether the task has ended: then nothing comes any more. */
  readonly isEnded: boolean;
};
