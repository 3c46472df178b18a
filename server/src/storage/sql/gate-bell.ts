import type { Instant, Namespace, QueueName } from "../../model/ids.ts";
import type { GateNews } from "../../ports/gate-store.ts";

/** A queue as its store knows it: the same object for the same queue. */
type QueueEntry = { readonly namespace: Namespace; readonly name: QueueName };

/** Collects what gates, and ends of tasks that make others, do in a commit, for those who wait. */
export type GateBell = {
  /** Tasks of a queue may be claimed that could not be before. */
  opened(queue: QueueEntry, count: number): void;
  /** Somebody should look again at this time, or before it. */
  wakeAt(at: Instant): void;
  /** The end of a task made one that is due at this time. */
  dueAt(at: Instant): void;
  /** The earliest of the times to look again; undefined: nobody has to look. */
  nextWakeAt(): Instant | undefined;
  /** What came together since it was asked last; undefined: nothing. */
  take(): GateNews | undefined;
};

/** Makes one with nothing to tell. */
export function createGateBell(): GateBell {
  const counts = new Map<QueueEntry, number>();
  let wakeAt: Instant | undefined;
  let dueAt: Instant | undefined;
  return {
    opened: (queue, count) => void counts.set(queue, (counts.get(queue) ?? 0) + count),
    wakeAt(at) {
      if (wakeAt === undefined || at < wakeAt) wakeAt = at;
    },
    dueAt(at) {
      if (dueAt === undefined || at < dueAt) dueAt = at;
    },
    nextWakeAt: () => wakeAt,
    take() {
      if (counts.size === 0 && wakeAt === undefined && dueAt === undefined) return undefined;
      const opened = [...counts].map(([{ namespace, name: queue }, count]) => ({
        queue: { namespace, queue },
        count,
      }));
      const news: GateNews = { opened, wakeAt, dueAt };
      counts.clear();
      wakeAt = undefined;
      dueAt = undefined;
      return news;
    },
  };
}
