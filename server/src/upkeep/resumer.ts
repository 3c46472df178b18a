import type { QueueHints } from "../broker/broker.ts";
import type { Instant } from "../model/ids.ts";
import type { QueueStore } from "../ports/queue-store.ts";

/** What the resumer needs. */
export type ResumerDeps = {
  readonly store: Pick<QueueStore, "duePauses" | "endPauses" | "getQueue">;
  readonly queueHints: Pick<QueueHints, "ready">;
};

/** When it comes again, and how much it does at once. */
export type ResumerOptions = { readonly intervalMs: number; readonly queuesMax: number };

/** Resumes queues whose pause ends by itself; at once again while there are more. */
export async function resumeOnce(
  { store, queueHints }: ResumerDeps,
  { intervalMs, queuesMax }: ResumerOptions,
  now: Instant,
): Promise<number> {
  const due = await store.duePauses(now, queuesMax);
  const resumed = due.length === 0 ? [] : await store.endPauses(due, now);
  for (const ref of resumed) queueHints.ready(ref, (await store.getQueue(ref))?.depth.ready ?? 0);
  return due.length < queuesMax ? intervalMs : 0;
}
