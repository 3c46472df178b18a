import type { InTurn } from "../lib/turns.ts";
import type { Namespace } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import {
  areSameNamespaceSettings,
  type NamespaceRecord,
  type NamespaceSettings,
  type NamespaceUse,
  newNamespace,
} from "../model/namespace.ts";
import { StemProblem } from "../model/problem.ts";
import type { Clock } from "../ports/clock.ts";
import type { NamespaceStore } from "../ports/namespace-store.ts";

/** What operators change about namespaces, one change after the other. Throws StemProblem; durable when it resolves. */
export type Changes = {
  /** NAMESPACE_EXISTS with other settings, NAMESPACE_LIMIT_REACHED, NAMESPACE_DISABLED while one of its name is being deleted. */
  create(name: Namespace, settings: NamespaceSettings): Promise<CreatedNamespace>;
  /** NAMESPACE_UNKNOWN, NAMESPACE_DISABLED while it is being deleted, REVISION_CONFLICT. */
  update(name: Namespace, change: NamespaceChange): Promise<NamespaceRecord>;
  /** It takes nothing and hands nothing out. NAMESPACE_UNKNOWN. */
  disable(name: Namespace, reason: string): Promise<NamespaceRecord>;
  /** NAMESPACE_UNKNOWN, NAMESPACE_DISABLED while it is being deleted. */
  enable(name: Namespace): Promise<NamespaceRecord>;
  /** Begins a deletion, and answers how much is in it. NAMESPACE_UNKNOWN, NAMESPACE_FIXED, NAMESPACE_IN_USE. */
  remove(name: Namespace, force: boolean): Promise<NamespaceUse>;
};

/** A namespace that is there, and whether it is new. */
export type CreatedNamespace = { readonly record: NamespaceRecord; readonly created: boolean };

/** What is to become of settings; `revision` undefined: at any. */
export type NamespaceChange = {
  readonly revision: number | undefined;
  readonly apply: (settings: NamespaceSettings) => NamespaceSettings;
};

/** What changing needs. */
export type ChangesDeps = {
  readonly store: NamespaceStore;
  readonly clock: Clock;
  readonly limits: Pick<Limits, "namespacesMax">;
  /** All there are, kept as the store has them. */
  readonly records: Map<Namespace, NamespaceRecord>;
  /** Those that the configuration lists. */
  readonly configured: ReadonlySet<Namespace>;
  /** Hears of one that came into being here, and is waited for: it puts what is to hold there from the start. Never rejects. */
  readonly onMade: (name: Namespace) => Promise<void>;
  /** Lets one change wait for the one before: each is decided by what that left. */
  readonly inTurn: InTurn;
};

/** Makes the part of the room that changes records. */
export function createChanges(deps: ChangesDeps): Changes {
  const { store, clock, limits, records, configured, onMade, inTurn } = deps;

  async function write(record: NamespaceRecord): Promise<NamespaceRecord> {
    const next = { ...record, revision: record.revision + 1 };
    if ((await store.updateNamespace(next)) !== "done") throw conflict(record);
    records.set(record.name, next);
    return next;
  }

  async function create(name: Namespace, settings: NamespaceSettings): Promise<CreatedNamespace> {
    if (records.has(name)) return { record: alike(getAlive(records, name), settings), created: false };
    const namespacesMax = limits.namespacesMax;
    if (records.size >= namespacesMax)
      throw new StemProblem({ reason: "NAMESPACE_LIMIT_REACHED", namespace: name, namespacesMax });
    const record = newNamespace(name, settings, clock.now());
    await store.createNamespace(record);
    records.set(name, record);
    await onMade(name);
    return { record, created: true };
  }

  async function disable(name: Namespace, reason: string): Promise<NamespaceRecord> {
    const record = getRecord(records, name);
    const isSo = record.state === "deleting" || (record.state === "disabled" && record.reason === reason);
    return isSo ? record : write({ ...record, state: "disabled", reason });
  }

  async function enable(name: Namespace): Promise<NamespaceRecord> {
    const record = getAlive(records, name);
    return record.state === "active" ? record : write({ ...record, state: "active", reason: "" });
  }

  async function remove(name: Namespace, force: boolean): Promise<NamespaceUse> {
    const record = getRecord(records, name);
    if (configured.has(name)) throw new StemProblem({ reason: "NAMESPACE_FIXED", namespace: name });
    const use = await store.readNamespaceUse(name);
    const { backlogTasks } = use;
    if (record.state === "deleting") return use;
    if (!force && backlogTasks > 0)
      throw new StemProblem({ reason: "NAMESPACE_IN_USE", namespace: name, backlogTasks });
    await write({ ...record, state: "deleting" });
    return use;
  }

  return {
    create: (name, settings) => inTurn(() => create(name, settings)),
    update: (name, { revision, apply }) =>
      inTurn(async () => {
        const record = getAlive(records, name);
        if (revision !== undefined && revision !== record.revision) throw conflict(record);
        return write({ ...record, settings: apply(record.settings) });
      }),
    disable: (name, reason) => inTurn(() => disable(name, reason)),
    enable: (name) => inTurn(() => enable(name)),
    remove: (name, force) => inTurn(() => remove(name, force)),
  };
}

/** The record of a name; NAMESPACE_UNKNOWN. */
export function getRecord(
  records: ReadonlyMap<Namespace, NamespaceRecord>,
  name: Namespace,
): NamespaceRecord {
  const record = records.get(name);
  if (record === undefined) throw new StemProblem({ reason: "NAMESPACE_UNKNOWN", namespace: name });
  return record;
}

function getAlive(records: ReadonlyMap<Namespace, NamespaceRecord>, name: Namespace): NamespaceRecord {
  const record = getRecord(records, name);
  if (record.state === "deleting")
    throw new StemProblem({ reason: "NAMESPACE_DISABLED", namespace: name, state: "deleting" });
  return record;
}

/** One that is there already, where that is what was asked for. */
function alike(record: NamespaceRecord, settings: NamespaceSettings): NamespaceRecord {
  if (areSameNamespaceSettings(record.settings, settings)) return record;
  throw new StemProblem({ reason: "NAMESPACE_EXISTS", namespace: record.name });
}

const conflict = ({ name, revision }: NamespaceRecord): StemProblem =>
  new StemProblem({ reason: "REVISION_CONFLICT", subject: "namespace", namespace: name, revision });
