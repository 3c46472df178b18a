import type { Instant, Namespace } from "../../model/ids.ts";
import {
  type NamespaceRecord,
  type NamespaceUse,
  newNamespace,
  unsaidNamespace,
} from "../../model/namespace.ts";
import type { NamespaceOpening, NamespaceStore } from "../../ports/namespace-store.ts";
import { purge } from "./purge.ts";
import { queueCount } from "./rooms.ts";
import { removeSchedules } from "./schedules.ts";
import type { Space } from "./space.ts";
import { remove, type State, spaceOf } from "./state.ts";

/** What operators said of namespaces. */
export const createNamespaceStore = (
  state: State,
  call: <T>(verb: () => T, now?: Instant) => Promise<T>,
): NamespaceStore => ({
  openNamespaces: (opening) => call(() => openNamespaces(state, opening)),
  createNamespace: (record) => call(() => createNamespace(state, record)),
  updateNamespace: (record) => call(() => updateNamespace(state, record)),
  readNamespaceUse: (namespace) => call(() => readUse(state, namespace)),
  clearNamespace: (namespace, now, limit) =>
    call(() => clearNamespace(state, { namespace, now, limit }), now),
});

function openNamespaces(
  state: State,
  { names, queueCreation, now }: NamespaceOpening,
): readonly NamespaceRecord[] {
  state.queueCreation = queueCreation;
  for (const name of names) spaceOf(state, name).record ??= newNamespace(name, unsaidNamespace, now);
  const records = [...state.spaces.values()].flatMap(({ record }) => record ?? []);
  return records.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function createNamespace(state: State, record: NamespaceRecord): "done" | "exists" {
  const space = spaceOf(state, record.name);
  if (space.record !== undefined) return "exists";
  space.record = record;
  return "done";
}

function updateNamespace(state: State, record: NamespaceRecord): "done" | "conflict" {
  const space = state.spaces.get(record.name);
  if (space?.record === undefined || space.record.revision !== record.revision - 1) return "conflict";
  space.record = record;
  return "done";
}

function readUse({ spaces }: State, namespace: Namespace): NamespaceUse {
  const space = spaces.get(namespace);
  const isCounted = space?.record?.settings.quotas.backlogBytes !== undefined;
  return {
    queues: space === undefined ? 0 : queueCount(space.queues),
    backlogTasks: space?.backlog.tasks ?? 0,
    backlogBytes: isCounted ? space.backlog.bytes : undefined,
  };
}

type Piece = { readonly namespace: Namespace; readonly now: Instant; readonly limit: number };

function clearNamespace(state: State, piece: Piece): "more" | "leased" | "gone" {
  const { namespace, limit } = piece;
  const space = state.spaces.get(namespace);
  if (space === undefined) return "gone";
  if (removeSchedules(state, space, limit) > 0) return "more";
  if (cancelWaiting(state, space, piece) > 0) return "more";
  if (space.backlog.tasks > 0) return "leased";
  const ended = space.tasks.values().take(limit).toArray();
  for (const entry of ended) remove(state, space, entry);
  if (ended.length > 0) return "more";
  state.spaces.delete(namespace);
  return "gone";
}

function cancelWaiting(state: State, { queues }: Space, { namespace, now, limit }: Piece): number {
  const upTo = Number.POSITIVE_INFINITY;
  let cancelled = 0;
  for (const queue of queues.keys())
    if (cancelled < limit)
      cancelled += purge(state, { namespace, queue }, { upTo, now, limit: limit - cancelled });
  return cancelled;
}
