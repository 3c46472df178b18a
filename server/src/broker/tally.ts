import type { Instant, Namespace, QueueName } from "../model/ids.ts";
import type { QueueNews } from "./queue-hints.ts";

/** Counts what a commit made ready or scheduled, so that it is told once a queue and not once a task. */
export type Tally = {
  ready(queue: QueueName | undefined): void;
  scheduled(at: Instant | undefined): void;
  /** Tells it all. */
  tell(news: QueueNews): void;
};

/** An empty tally of one namespace. */
export function createTally(namespace: Namespace): Tally {
  const counts = new Map<QueueName, number>();
  let earliest: Instant | undefined;
  return {
    ready(queue) {
      if (queue !== undefined) counts.set(queue, (counts.get(queue) ?? 0) + 1);
    },
    scheduled(at) {
      if (at !== undefined && (earliest === undefined || at < earliest)) earliest = at;
    },
    tell(news) {
      for (const [queue, count] of counts) news.ready({ namespace, queue }, count);
      if (earliest !== undefined) news.scheduled(earliest);
    },
  };
}
