import type { Namespace } from "../../model/ids.ts";
import {
  type NamespaceRecord,
  type NamespaceUse,
  newNamespace,
  unsaidNamespace,
} from "../../model/namespace.ts";
import { queueLives } from "../sql/space-rows.ts";
import { createClear } from "./clear-namespace.ts";
import { type Database, query } from "./files/connection.ts";
import { isActive, type SpaceEntry } from "./queue-entry.ts";
import { createLetBeDue } from "./schedules/rest.ts";
import type { WriterCalls } from "./threads/writer-verbs.ts";
import type { Writing } from "./writing.ts";

/** Makes the verbs that write what operators say of namespaces. */
export function createNamespaceCalls(
  writing: Writing,
): Pick<WriterCalls, "openNamespaces" | "createNamespace" | "updateNamespace" | "clearNamespace"> {
  const { backlog } = writing;
  const { spaces } = writing.queues;
  const letBeDue = createLetBeDue(writing.db);

  function put(record: NamespaceRecord): SpaceEntry {
    const wasActive = isActive({ record: spaces.find(record.name)?.record });
    const space = spaces.put(record);
    if (isActive(space) !== wasActive) letBeDue(space.id, !wasActive);
    return space;
  }

  return {
    openNamespaces({ names, queueCreation, now }) {
      spaces.queueCreation = queueCreation;
      for (const name of names)
        if (spaces.find(name)?.record === undefined) {
          put(newNamespace(name, unsaidNamespace, now));
        }
      return spaces.records();
    },
    createNamespace(record) {
      if (spaces.find(record.name)?.record !== undefined) return "exists";
      const space = put(record);
      if (record.settings.quotas.backlogBytes !== undefined) backlog.begin(space);
      return "done";
    },
    updateNamespace(record) {
      const before = spaces.find(record.name)?.record;
      if (before === undefined || before.revision !== record.revision - 1) return "conflict";
      const space = put(record);
      const wasCounted = before.settings.quotas.backlogBytes !== undefined;
      if (record.settings.quotas.backlogBytes !== undefined && !wasCounted) backlog.begin(space);
      return "done";
    },
    clearNamespace: createClear(writing),
  };
}

/** Makes readNamespaceUse: how much is in a namespace. */
export function createReadNamespaceUse(db: Database): (namespace: Namespace) => NamespaceUse {
  const select = query<[queues: number, tasks: number]>(
    db,
    `SELECT coalesce(sum(q.life <> ${queueLives.code("deleted")}), 0), coalesce(sum(q.scheduled + q.ready + q.leased), 0)
     FROM namespaces n CROSS JOIN queues q ON q.namespace = n.id WHERE n.name = ?`,
  );
  const selectBytes = query<[bytes: number]>(
    db,
    "SELECT backlog_bytes FROM namespaces WHERE name = ? AND backlog_bytes_max IS NOT NULL",
  );
  return (namespace) => {
    const [queues = 0, backlogTasks = 0] = select.get(namespace) ?? [];
    return { queues, backlogTasks, backlogBytes: selectBytes.get(namespace)?.[0] };
  };
}
