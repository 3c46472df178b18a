import type { RunningBroker } from "../broker/broker.ts";
import type { Instant } from "../model/ids.ts";
import type { Namespaces } from "../namespaces/namespaces.ts";
import type { NamespaceStore } from "../ports/namespace-store.ts";
import type { TaskHints } from "../ports/task-hints.ts";

/** What the remover of namespaces needs. */
export type NamespaceRemoverDeps = {
  readonly store: Pick<NamespaceStore, "clearNamespace">;
  readonly namespaces: Pick<Namespaces, "leaving" | "gone">;
  readonly leaveNamespace: RunningBroker["leaveNamespace"];
  readonly hints: Pick<TaskHints, "manyChanged">;
};

/** When it comes again, and how much it does at once. */
export type NamespaceRemoverOptions = { readonly intervalMs: number; readonly batchTasksMax: number };

/** Goes on with deletions of namespaces, a piece of each; at once again while one has more that can go. */
export async function removeNamespacesOnce(
  { store, namespaces, leaveNamespace, hints }: NamespaceRemoverDeps,
  { intervalMs, batchTasksMax }: NamespaceRemoverOptions,
  now: Instant,
): Promise<number> {
  let isMore = false;
  for (const namespace of namespaces.leaving()) {
    await leaveNamespace(namespace);
    const left = await store.clearNamespace(namespace, now, batchTasksMax);
    hints.manyChanged(namespace);
    if (left === "gone") namespaces.gone(namespace);
    isMore ||= left === "more";
  }
  return isMore ? 0 : intervalMs;
}
