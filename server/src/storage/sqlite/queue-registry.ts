import type { Instant, Namespace, QueueName } from "../../model/ids.ts";
import { FactPack } from "../sql/event-facts.ts";
import { type Database, query } from "./files/connection.ts";

/** A queue as the writer keeps it in memory: there are at most some ten thousand, and every verb needs theirs. */
export type QueueEntry = {
  readonly id: number;
  readonly namespace: Namespace;
  readonly name: QueueName;
  isPaused: boolean;
  /** Whether tied tasks may be in it: they stand in an index of their own. */
  hasTied: boolean;
  /** Where keys take turns: the highest turn that was granted. Undefined: nobody has said a key there. */
  turn: number | undefined;
  /** How many tasks are in it, by the number of their state, the running transaction included. */
  readonly depth: number[];
  /** What the running transaction did to it; ledger.ts writes it down. */
  readonly moved: number[];
  readonly facts: FactPack;
};

/** All namespaces and queues. */
export type QueueRegistry = {
  /** The number of a namespace; undefined when nothing was ever stored in it. */
  namespaceId(namespace: Namespace): number | undefined;
  /** The number of a namespace, made when it is new. */
  makeNamespace(namespace: Namespace): number;
  find(namespace: Namespace, name: QueueName): QueueEntry | undefined;
  byId(id: number): QueueEntry;
  /** How many queues a namespace has. */
  count(namespace: Namespace): number;
  /** Makes a queue that is not there. */
  make(namespace: Namespace, name: QueueName, now: Instant): QueueEntry;
  /** Forgets all and reads it again, after a transaction was undone. */
  reload(): void;
};

type Space = { readonly id: number; readonly queues: Map<QueueName, QueueEntry> };
type QueueRow = [
  id: number,
  namespace: Namespace,
  name: QueueName,
  pausedAt: number | null,
  ...depth: number[],
];

/** Reads the queues of a file. */
export function createQueueRegistry(db: Database): QueueRegistry {
  const spaces = new Map<Namespace, Space>();
  const byId = new Map<number, QueueEntry>();
  const insertNamespace = query<[number]>(db, "INSERT INTO namespaces (name) VALUES (?) RETURNING id");
  const insertQueue = query<[number]>(
    db,
    "INSERT INTO queues (namespace, name, created_at) VALUES (?, ?, ?) RETURNING id",
  );

  function reload(): void {
    spaces.clear();
    byId.clear();
    for (const [id, name] of query<[number, Namespace]>(db, "SELECT id, name FROM namespaces").all()) {
      spaces.set(name, { id, queues: new Map() });
    }
    for (const [id, namespace, name, pausedAt, ...depth] of query<QueueRow>(db, selectQueues).all()) {
      register({ ...emptyEntry(id, namespace, name), isPaused: pausedAt !== null, depth });
    }
  }

  function register(entry: QueueEntry): QueueEntry {
    spaces.get(entry.namespace)?.queues.set(entry.name, entry);
    byId.set(entry.id, entry);
    return entry;
  }

  function makeNamespace(namespace: Namespace): number {
    const known = spaces.get(namespace);
    if (known !== undefined) return known.id;
    const id = idOf(insertNamespace.get(namespace));
    spaces.set(namespace, { id, queues: new Map() });
    return id;
  }

  reload();
  return {
    namespaceId: (namespace) => spaces.get(namespace)?.id,
    makeNamespace,
    find: (namespace, name) => spaces.get(namespace)?.queues.get(name),
    byId: (id) => {
      const entry = byId.get(id);
      if (entry === undefined) throw new RangeError(`no queue has the number ${id}`);
      return entry;
    },
    count: (namespace) => spaces.get(namespace)?.queues.size ?? 0,
    make: (namespace, name, now) =>
      register(emptyEntry(idOf(insertQueue.get(makeNamespace(namespace), name, now)), namespace, name)),
    reload,
  };
}

const selectQueues = `
  SELECT q.id, n.name, q.name, q.paused_at, q.scheduled, q.ready, q.leased, q.succeeded, q.failed, q.cancelled, q.expired
  FROM queues q JOIN namespaces n ON n.id = q.namespace`;

const stateCount = 7;

const emptyEntry = (id: number, namespace: Namespace, name: QueueName): QueueEntry => ({
  id,
  namespace,
  name,
  isPaused: false,
  hasTied: false,
  turn: undefined,
  depth: new Array<number>(stateCount).fill(0),
  moved: new Array<number>(stateCount).fill(0),
  facts: new FactPack(),
});

function idOf(row: [number] | undefined): number {
  if (row === undefined) throw new Error("a row that was inserted has no number");
  return row[0];
}
