import type { SpaceRoom } from "../../model/admission.ts";
import { isUnbounded } from "../../model/admission.ts";
import type { Namespace } from "../../model/ids.ts";
import { type NamespaceRecord, type QueueCreation, unsaidNamespace } from "../../model/namespace.ts";
import { type RecordRow, recordColumns, recordColumnsOf, recordOf } from "../sql/space-rows.ts";
import { createCounters } from "./counters.ts";
import { command, type Database, query } from "./files/connection.ts";
import type { SpaceEntry } from "./queue-entry.ts";

/** All namespaces. */
export type SpaceRegistry = {
  /** How queues come into being where their namespace says nothing. */
  queueCreation: QueueCreation;
  find(name: Namespace): SpaceEntry | undefined;
  /** The namespace, made when it is new; without a record. */
  make(name: Namespace): SpaceEntry;
  /** Those that have a record. */
  records(): readonly NamespaceRecord[];
  /** Writes a record, in the place of the one before. */
  put(record: NamespaceRecord): SpaceEntry;
  /** Forgets a namespace of which nothing is left. */
  remove(space: SpaceEntry): void;
  /** A namespace as whatever comes in finds it. */
  room(space: SpaceEntry): SpaceRoom;
  /** Forgets all and reads it again, without the queues. */
  reload(): void;
};

type SpaceRow = readonly [id: number, backlogBytes: number, ...RecordRow];

const selectSpaces = `SELECT id, backlog_bytes, ${recordColumns} FROM namespaces`;

/** Reads the namespaces of a file. */
export function createSpaceRegistry(db: Database, queuesMax: number): SpaceRegistry {
  const spaces = new Map<Namespace, SpaceEntry>();
  const counters = createCounters(db);
  const insert = query<[number]>(
    db,
    "INSERT INTO namespaces (id, name) SELECT max(coalesce(max(id), 0), ?) + 1, ? FROM namespaces RETURNING id",
  );
  const update = command(
    db,
    `UPDATE namespaces SET description = ?, queue_creation = ?, queues_max = ?, backlog_tasks_max = ?, backlog_bytes_max = ?,
       state = ?, reason = ?, created_at = ?, revision = ? WHERE id = ?`,
  );
  const remove = command(db, "DELETE FROM namespaces WHERE id = ?");
  let queueCreation: QueueCreation = "on_use";

  function keep(entry: SpaceEntry): SpaceEntry {
    spaces.set(entry.name, entry);
    return entry;
  }

  function make(name: Namespace): SpaceEntry {
    const known = spaces.get(name);
    if (known !== undefined) return known;
    // A number that was given once is not given again: events of a namespace that is gone may still bear it.
    const [id] = insert.get(counters.get("namespace_id") ?? 0, name) ?? [];
    if (id === undefined) throw new Error("a namespace that was inserted has no number");
    return keep(emptySpace(id, name));
  }

  function reload(): void {
    spaces.clear();
    for (const row of query<SpaceRow>(db, selectSpaces).all()) {
      const [id, backlogBytes, ...columns] = row;
      const entry = keep(emptySpace(id, columns[0]));
      entry.backlogBytes = backlogBytes;
      const record = recordOf(columns);
      if (record.revision > 0) setRecord(entry, record);
    }
  }

  reload();
  return {
    get queueCreation() {
      return queueCreation;
    },
    set queueCreation(creation) {
      queueCreation = creation;
    },
    find: (name) => spaces.get(name),
    make,
    records: () => [...spaces.values()].flatMap(({ record }) => record ?? []).sort(byName),
    put(record) {
      const entry = make(record.name);
      update(...recordColumnsOf(record), entry.id);
      setRecord(entry, record);
      return entry;
    },
    remove(space) {
      counters.set("namespace_id", Math.max(counters.get("namespace_id") ?? 0, space.id));
      remove(space.id);
      spaces.delete(space.name);
    },
    room(space) {
      const { quotas, queueCreation: own } = space.record?.settings ?? unsaidNamespace;
      return {
        state: space.record?.state ?? "active",
        quotas,
        queueCreation: own ?? queueCreation,
        queues: space.queueCount,
        queuesMax,
        backlogTasks: space.backlogTasks,
        backlogBytes: space.backlogBytes,
      };
    },
    reload,
  };
}

const emptySpace = (id: number, name: Namespace): SpaceEntry => ({
  id,
  name,
  queues: new Map(),
  queueCount: 0,
  backlogTasks: 0,
  backlogBytes: 0,
  movedBytes: 0,
  record: undefined,
  isUnbounded: true,
});

function setRecord(entry: SpaceEntry, record: NamespaceRecord): void {
  entry.record = record;
  entry.isUnbounded = isUnbounded({ state: record.state, quotas: record.settings.quotas });
}

const byName = (a: NamespaceRecord, b: NamespaceRecord): number => (a.name < b.name ? -1 : 1);
