import type { QueueHints } from "../broker/broker.ts";
import { type Instant, plus } from "../model/ids.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { TaskStore } from "../ports/task-store.ts";
import { tellReady, transitionAll } from "./transitions.ts";

/** What the stager needs. */
export type StagerDeps = {
  readonly store: Pick<TaskStore, "dueTasks" | "apply">;
  readonly queueHints: QueueHints;
  readonly hints: TaskHints;
};

/** When it comes again at the latest and at the earliest, and how much it does at once. */
export type StagerOptions = {
  readonly intervalMs: number;
  /** Tasks that come due within this wait for each other, so that a stream of retries does not mean a write each. */
  readonly pauseMs: number;
  readonly batchTasksMax: number;
};

/** Makes scheduled tasks ready whose time has come, and comes back when the next one is due. Never early. */
export async function stageOnce(
  { store, queueHints, hints }: StagerDeps,
  { intervalMs, pauseMs, batchTasksMax }: StagerOptions,
  now: Instant,
): Promise<number> {
  const due = await store.dueTasks(now, batchTasksMax);
  const done = await transitionAll(store, due, { trigger: { kind: "due" }, now });
  tellReady(queueHints, done);
  hints.changed(done.map(({ ref }) => ref));
  if (due.length === batchTasksMax) return done.length > 0 ? 0 : pauseMs;
  const [next] = await store.dueTasks(plus(now, intervalMs), 1);
  return next?.notBefore === undefined ? intervalMs : Math.max(pauseMs, next.notBefore - now);
}
