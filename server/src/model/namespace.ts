import type { Instant, Namespace } from "./ids.ts";

/** disabled: it takes no tasks and hands none out. deleting: the same, and it goes when its last lease has ended. */
export type NamespaceState = "active" | "disabled" | "deleting";

/** on_use: queues come into being with their first task. explicit: they have to be made. */
export type QueueCreation = "on_use" | "explicit";

/** How much may be in a namespace; undefined: any number. The backlog is what has not ended. */
export type NamespaceQuotas = {
  readonly queues: number | undefined;
  readonly backlogTasks: number | undefined;
  readonly backlogBytes: number | undefined;
};

/** What operators say of a namespace. */
export type NamespaceSettings = {
  readonly description: string;
  readonly quotas: NamespaceQuotas;
  /** Undefined: as the server says. */
  readonly queueCreation: QueueCreation | undefined;
};

/** A namespace as it is kept. */
export type NamespaceRecord = {
  readonly name: Namespace;
  readonly settings: NamespaceSettings;
  readonly state: NamespaceState;
  /** Why it is disabled. */
  readonly reason: string;
  readonly createdAt: Instant;
  /** Rises with every change, from 1. */
  readonly revision: number;
};

/** Why a namespace takes no tasks and hands none out; the reason is what operators said. */
export type NamespaceStop = {
  readonly state: Exclude<NamespaceState, "active">;
  readonly reason: string;
};

/** Why it does not, as far as it does not. */
export const stopOf = (
  record: Pick<NamespaceRecord, "state" | "reason"> | undefined,
): NamespaceStop | undefined =>
  record === undefined || record.state === "active"
    ? undefined
    : { state: record.state, reason: record.reason };

/** How much is in a namespace. */
export type NamespaceUse = {
  readonly queues: number;
  readonly backlogTasks: number;
  /** Undefined: nobody counts them, because there is no quota. */
  readonly backlogBytes: number | undefined;
};

/** What a namespace is of which nobody has said anything. */
export const unsaidNamespace: NamespaceSettings = {
  description: "",
  quotas: { queues: undefined, backlogTasks: undefined, backlogBytes: undefined },
  queueCreation: undefined,
};

/** A namespace as it comes into being. */
export const newNamespace = (
  name: Namespace,
  settings: NamespaceSettings,
  createdAt: Instant,
): NamespaceRecord => ({ name, settings, state: "active", reason: "", createdAt, revision: 1 });

/** Whether two say the same. */
export const areSameNamespaceSettings = (a: NamespaceSettings, b: NamespaceSettings): boolean =>
  a.description === b.description &&
  a.queueCreation === b.queueCreation &&
  a.quotas.queues === b.quotas.queues &&
  a.quotas.backlogTasks === b.quotas.backlogTasks &&
  a.quotas.backlogBytes === b.quotas.backlogBytes;
