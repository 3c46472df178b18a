import type { Instant } from "../model/ids.ts";
import type { DeadlineStore } from "../ports/deadline-store.ts";
import type { TaskHints } from "../ports/task-hints.ts";

/** What the expirer needs. */
export type ExpirerDeps = { readonly store: DeadlineStore; readonly hints: TaskHints };

/** When it comes again, and how much it does at once. */
export type ExpirerOptions = { readonly intervalMs: number; readonly batchTasksMax: number };

/** Ends waiting tasks that have waited too long; at once again while there are more. That they are not handed out is not its business. */
export async function expireOnce(
  { store, hints }: ExpirerDeps,
  { intervalMs, batchTasksMax }: ExpirerOptions,
  now: Instant,
): Promise<number> {
  const { expired, seen } = await store.expireOverdue(now, batchTasksMax);
  if (expired.length > 0) hints.changed(expired);
  return seen < batchTasksMax ? intervalMs : 0;
}
