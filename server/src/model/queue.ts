import type { Instant, Namespace, QueueName } from "./ids.ts";
import type { TaskState } from "./task.ts";

/** A queue that hands out nothing for now. */
export type QueuePause = {
  readonly reason: string;
  readonly at: Instant;
  /** Who paused it, as far as they said so. */
  readonly by?: string | undefined;
  /** When it goes on by itself; undefined: when somebody resumes it. */
  readonly resumeAt?: Instant | undefined;
};

/** A queue and what is in it, at one moment. */
export type Queue = {
  readonly namespace: Namespace;
  readonly name: QueueName;
  readonly createdAt: Instant;
  readonly pause: QueuePause | undefined;
  readonly depth: Readonly<Record<TaskState, number>>;
  /** When the oldest ready task was accepted; undefined when none is ready. */
  readonly oldestReadyAt: Instant | undefined;
};
