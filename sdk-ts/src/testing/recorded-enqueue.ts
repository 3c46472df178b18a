import type { EnqueueOptions } from "../task-options.ts";

/** One task that was enqueued on a fake client. */
export type RecordedEnqueue = {
  readonly id: string;
  readonly name: string;
  /** As a worker would get them: encoded and decoded again. */
  readonly args: unknown;
  /** The definition's options and the call's, merged. */
  readonly options: EnqueueOptions;
};
