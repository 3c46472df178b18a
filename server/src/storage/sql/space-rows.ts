import type { Instant, Namespace } from "../../model/ids.ts";
import type { NamespaceRecord, NamespaceState, QueueCreation } from "../../model/namespace.ts";
import { createCodes } from "./codes.ts";

/** deleted: what is left of it are the records of tasks that ended, and events. */
export type QueueState = "there" | "deleting" | "deleted";

/** The numbers of that. */
export const queueLives = createCodes<QueueState>({ there: 0, deleting: 1, deleted: 2 });

/** The numbers of the states of namespaces. */
export const namespaceStates = createCodes<NamespaceState>({ active: 0, disabled: 1, deleting: 2 });
const creations = createCodes<QueueCreation>({ on_use: 1, explicit: 2 });

/** What is kept of a namespace beside its number; the order of RecordRow, and of recordColumnsOf behind the name. */
export const recordColumns =
  "name, description, queue_creation, queues_max, backlog_tasks_max, backlog_bytes_max, state, reason, created_at, revision";

/** One row of recordColumns. Its revision is 0 where nobody made a record. */
export type RecordRow = readonly [
  name: Namespace,
  description: string,
  queueCreation: number | null,
  queuesMax: number | null,
  backlogTasksMax: number | null,
  backlogBytesMax: number | null,
  state: number,
  reason: string,
  createdAt: Instant,
  revision: number,
];

/** The record that a row means. */
export function recordOf(row: RecordRow): NamespaceRecord {
  const [name, description, creation, queues, tasks, bytes, state, reason, createdAt, revision] = row;
  const quotas = {
    queues: queues ?? undefined,
    backlogTasks: tasks ?? undefined,
    backlogBytes: bytes ?? undefined,
  };
  const queueCreation = creation === null ? undefined : creations.word(creation);
  const settings = { description, quotas, queueCreation };
  return { name, settings, state: namespaceStates.word(state), reason, createdAt, revision };
}

/** The columns of a record, behind its name. */
export function recordColumnsOf({
  settings,
  state,
  reason,
  createdAt,
  revision,
}: NamespaceRecord): (string | number | null)[] {
  const { description, quotas, queueCreation } = settings;
  const creation = queueCreation === undefined ? null : creations.code(queueCreation);
  const { queues = null, backlogTasks = null, backlogBytes = null } = quotas;
  const said = [description, creation, queues, backlogTasks, backlogBytes];
  return [...said, namespaceStates.code(state), reason, createdAt, revision];
}
