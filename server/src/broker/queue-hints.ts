import type { Instant, QueueRef } from "../model/ids.ts";
import type { TaskHead } from "../model/task.ts";
import type { Dispatch } from "./dispatch.ts";

/** What upkeep tells the broker, and hears from it. Hints: losing one costs latency only. */
export type QueueHints = {
  /** `count` tasks of a queue became ready. */
  ready(queue: QueueRef, count: number): void;
  /** Names the one who wants to know when tasks were scheduled, by the earliest start among them. */
  onScheduled(listener: (earliest: Instant) => void): void;
  /** Whether the newest lease of a task was granted to a worker that says what it received, and has not said so of this one. */
  neverArrived(task: TaskHead): boolean;
  /** Names the one who is to open gates, by the time at which the next one may. */
  onGatesWait(listener: (wakeAt: Instant) => void): void;
};

/** The broker's side of them. */
export type QueueNews = Pick<QueueHints, "ready"> & {
  scheduled(earliest: Instant): void;
  gatesWait(wakeAt: Instant): void;
};

/** Connects the broker with whoever listens. */
export function createQueueHints(
  dispatch: Pick<Dispatch, "ready">,
  neverArrived: QueueHints["neverArrived"],
): QueueHints & QueueNews {
  let listen: (earliest: Instant) => void = () => undefined;
  let listenToGates: (wakeAt: Instant) => void = () => undefined;
  return {
    ready: (queue, count) => dispatch.ready(queue, count),
    onScheduled(listener) {
      listen = listener;
    },
    neverArrived,
    onGatesWait(listener) {
      listenToGates = listener;
    },
    scheduled: (earliest) => listen(earliest),
    gatesWait: (wakeAt) => listenToGates(wakeAt),
  };
}
