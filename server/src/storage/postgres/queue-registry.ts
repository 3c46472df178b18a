import { type Namespace, namespaceOf, type QueueName, type QueueRef, queueNameOf } from "../../model/ids.ts";
import { int4s, texts } from "./arrays.ts";
import { type Session, statement } from "./session.ts";

/** A queue, as far as it never changes. */
export type QueueEntry = {
  readonly id: number;
  readonly namespaceId: number;
  readonly namespace: Namespace;
  readonly name: QueueName;
};

/**
 * The numbers of namespaces and queues; nothing else of them is kept here, because other servers change it. They never change, and go
 * only with a change of the rules. All are forgotten when a transaction is undone, because the rules changed or because it may have made
 * some. A queue that was deleted keeps its number as long as anything is left of it.
 */
export type QueueRegistry = {
  /** The number of a namespace; undefined where it is not known here. */
  namespaceId(namespace: Namespace): number | undefined;
  /** A queue; undefined where it is not known here. */
  find(namespace: Namespace, name: QueueName): QueueEntry | undefined;
  /** Throws for a queue that is not known here. */
  byId(id: number): QueueEntry;
  /** Knows a queue from a row that was read. */
  know(entry: QueueEntry): QueueEntry;
  /** Makes known whichever of these are there, and their namespaces. */
  load(db: Session, refs: readonly QueueRef[]): Promise<void>;
  /** Makes known the queues with these numbers. */
  loadIds(db: Session, ids: readonly number[]): Promise<void>;
  /** Makes known whichever of these are there. */
  loadNamespaces(db: Session, names: readonly Namespace[]): Promise<void>;
  /** Makes known a namespace, which is made when it is new. */
  makeNamespace(db: Session, namespace: Namespace): Promise<number>;
  forget(): void;
};

const selectNamed = statement<[id: number, namespaceId: number, namespace: string, name: string]>(`
  SELECT q.id, n.id, n.name, q.name FROM unnest($1::text[], $2::text[]) AS asked(namespace, name)
    JOIN namespaces n ON n.name = asked.namespace JOIN queues q ON q.namespace = n.id AND q.name = asked.name`);
const selectNumbered = statement<[id: number, namespaceId: number, namespace: string, name: string]>(`
  SELECT q.id, n.id, n.name, q.name FROM queues q JOIN namespaces n ON n.id = q.namespace WHERE q.id = ANY ($1::int4[])`);
const selectNamespaces = statement<[id: number, name: string]>(
  "SELECT id, name FROM namespaces WHERE name = ANY ($1::text[])",
);
const insertNamespace = statement("INSERT INTO namespaces (name) VALUES ($1) ON CONFLICT (name) DO NOTHING");

/** Makes one that knows nothing. */
export function createQueueRegistry(): QueueRegistry {
  const spaces = new Map<Namespace, { readonly id: number; readonly queues: Map<QueueName, QueueEntry> }>();
  const byId = new Map<number, QueueEntry>();

  function know(entry: QueueEntry): QueueEntry {
    const known = byId.get(entry.id);
    if (known !== undefined) return known;
    spaceOf(entry.namespace, entry.namespaceId).queues.set(entry.name, entry);
    byId.set(entry.id, entry);
    return entry;
  }

  function spaceOf(namespace: Namespace, id: number) {
    const space = spaces.get(namespace) ?? { id, queues: new Map<QueueName, QueueEntry>() };
    spaces.set(namespace, space);
    return space;
  }

  const find = (namespace: Namespace, name: QueueName) => spaces.get(namespace)?.queues.get(name);

  async function loadNamespaces(db: Session, names: readonly Namespace[]): Promise<void> {
    const unknown = [...new Set(names)].filter((name) => !spaces.has(name));
    if (unknown.length === 0) return;
    for (const [id, name] of await db.rows(selectNamespaces, texts(unknown))) spaceOf(namespaceOf(name), id);
  }

  async function load(db: Session, refs: readonly QueueRef[]): Promise<void> {
    const unknown = new Map<string, QueueRef>();
    for (const ref of refs)
      if (find(ref.namespace, ref.queue) === undefined) unknown.set(`${ref.namespace} ${ref.queue}`, ref);
    if (unknown.size === 0) return;
    const asked = [...unknown.values()];
    await loadNamespaces(
      db,
      asked.map(({ namespace }) => namespace),
    );
    const columns = [texts(asked.map(({ namespace }) => namespace)), texts(asked.map(({ queue }) => queue))];
    for (const [id, namespaceId, namespace, name] of await db.rows(selectNamed, ...columns))
      know({ id, namespaceId, namespace: namespaceOf(namespace), name: queueNameOf(name) });
  }

  async function makeNamespace(db: Session, namespace: Namespace): Promise<number> {
    const known = spaces.get(namespace);
    if (known !== undefined) return known.id;
    await db.run(insertNamespace, namespace);
    await loadNamespaces(db, [namespace]);
    const made = spaces.get(namespace);
    if (made === undefined) throw new Error("a namespace that was inserted is not there");
    return made.id;
  }

  return {
    namespaceId: (namespace) => spaces.get(namespace)?.id,
    find,
    byId(id) {
      const entry = byId.get(id);
      if (entry === undefined) throw new RangeError(`no queue has the number ${id}`);
      return entry;
    },
    know,
    load,
    async loadIds(db, ids) {
      const unknown = ids.filter((id) => !byId.has(id));
      if (unknown.length === 0) return;
      for (const [id, namespaceId, namespace, name] of await db.rows(selectNumbered, int4s(unknown)))
        know({ id, namespaceId, namespace: namespaceOf(namespace), name: queueNameOf(name) });
    },
    loadNamespaces,
    makeNamespace,
    forget() {
      spaces.clear();
      byId.clear();
    },
  };
}
