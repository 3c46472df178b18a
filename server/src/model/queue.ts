import type { Instant, Namespace, QueueName } from "./ids.ts";
import type { Pause } from "./pause.ts";
import type { TaskState } from "./task.ts";

/** The pause of a queue. */
export type QueuePause = Pause;

/** What operators say of a queue. */
export type QueueSettings = {
  readonly description: string;
  /** How many tasks that have not ended may be in it; undefined: any number. */
  readonly backlogMax: number | undefined;
  /** Whether it takes nothing new. */
  readonly isClosed: boolean;
};

/** What a queue is of which nobody has said anything. */
export const unsaidSettings: QueueSettings = { description: "", backlogMax: undefined, isClosed: false };

/** A queue and what is in it, at one moment. */
export type Queue = {
  readonly namespace: Namespace;
  readonly name: QueueName;
  readonly createdAt: Instant;
  readonly settings: QueueSettings;
  /** Rises with every change of the settings, from 1. */
  readonly revision: number;
  /** Whether it was deleted while workers had tasks of it, and waits for their ends. */
  readonly isDeleting: boolean;
  readonly pause: QueuePause | undefined;
  readonly depth: Readonly<Record<TaskState, number>>;
  /** When the oldest ready task was accepted; undefined when none is ready. */
  readonly oldestReadyAt: Instant | undefined;
};

/** Whether two say the same. */
export const areSameSettings = (a: QueueSettings, b: QueueSettings): boolean =>
  a.description === b.description && a.backlogMax === b.backlogMax && a.isClosed === b.isClosed;
