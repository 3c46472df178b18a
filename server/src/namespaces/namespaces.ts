/**
 * Namespaces: which there are, and what operators say of them. What they say is obeyed in the store's own transactions; here it is kept
 * for everybody to look at, and changed, one change after the other. It never touches a task: what is in a namespace that is being
 * deleted is cleared by upkeep/namespace-remover.ts. Read on in changes.ts, and in model/admission.ts (what quotas refuse).
 */

import { createTurns } from "../lib/turns.ts";
import { type Namespace, namespaceOf } from "../model/ids.ts";
import {
  type NamespaceRecord,
  type NamespaceUse,
  newNamespace,
  type QueueCreation,
  unsaidNamespace,
} from "../model/namespace.ts";
import type { Log } from "../ports/log.ts";
import type { NamespaceView } from "../ports/namespace-view.ts";
import { type Changes, type ChangesDeps, createChanges, getRecord } from "./changes.ts";

/** Namespaces as operators and upkeep have them. */
export type Namespaces = NamespaceView &
  Changes & {
    /** NAMESPACE_UNKNOWN when there is none. */
    get(name: Namespace): NamespaceRecord;
    /** How much is in one; NAMESPACE_UNKNOWN. */
    useOf(name: Namespace): Promise<NamespaceUse>;
    /** By name, after `after`. */
    list(after: Namespace | undefined, limit: number): readonly NamespaceRecord[];
    /** Whether the configuration lists it. */
    isConfigured(name: Namespace): boolean;
    /** Those that are being deleted. */
    leaving(): readonly Namespace[];
    /** Whether it is there, and not being deleted. */
    isAlive(name: Namespace): boolean;
    /** Reads all anew, because another server may have changed some. */
    reread(): Promise<void>;
    /** Nothing is left of one. */
    gone(name: Namespace): void;
  };

/** What the room needs. */
export type NamespacesDeps = Pick<ChangesDeps, "store" | "clock" | "limits" | "onMade"> & {
  readonly log: Log;
  /** Those that are there in any case. */
  readonly configured: readonly string[];
  /** How queues come into being where their namespace says nothing. */
  readonly queueCreation: QueueCreation;
  /** Whether a namespace comes into being when it is first named. */
  readonly isMadeOnUse: boolean;
};

/** Reads what the store keeps, and makes what the configuration lists. */
export async function openNamespaces(deps: NamespacesDeps): Promise<Namespaces> {
  const { store, clock, log, limits, queueCreation, onMade } = deps;
  const configured = new Set(deps.configured.map(namespaceOf));
  const opening = { names: [...configured], queueCreation, now: clock.now() };
  const records = new Map((await store.openNamespaces(opening)).map((record) => [record.name, record]));
  const inTurn = createTurns();

  /** Named for the first time: it is there at once, and its record as soon as the store has it. */
  function makeOnUse(name: Namespace): NamespaceRecord | undefined {
    if (!deps.isMadeOnUse || records.size >= limits.namespacesMax) return undefined;
    const record = newNamespace(name, unsaidNamespace, clock.now());
    records.set(name, record);
    void inTurn(async () => {
      try {
        await store.createNamespace(record);
      } catch (error) {
        records.delete(name);
        log.warn({ err: error, namespace: name }, "a namespace that was named could not be kept");
        return;
      }
      await onMade(name);
    });
    return record;
  }

  return {
    ...createChanges({ ...deps, configured, records, inTurn }),
    names: () => [...records.keys()].sort(),
    stateOf: (name) => (records.get(namespaceOf(name)) ?? makeOnUse(namespaceOf(name)))?.state,
    hasExplicitQueues: (name) => (records.get(name)?.settings.queueCreation ?? queueCreation) === "explicit",
    get: (name) => getRecord(records, name),
    async useOf(name) {
      getRecord(records, name);
      return store.readNamespaceUse(name);
    },
    list: (after, limit) =>
      [...records.values()]
        .filter(({ name }) => after === undefined || name > after)
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .slice(0, limit),
    isConfigured: (name) => configured.has(name),
    leaving: () => [...records.values()].filter(({ state }) => state === "deleting").map(({ name }) => name),
    isAlive: (name) => (records.get(name)?.state ?? "deleting") !== "deleting",
    reread: () =>
      inTurn(async () => {
        const found = await store.openNamespaces(opening);
        records.clear();
        for (const record of found) records.set(record.name, record);
      }),
    gone: (name) => void records.delete(name),
  };
}
