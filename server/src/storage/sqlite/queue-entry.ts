/** Queues and namespaces as the writer keeps them in memory, beside their rows. */

import type { QueueRoom } from "../../model/admission.ts";
import type { Namespace, QueueName } from "../../model/ids.ts";
import type { NamespaceRecord } from "../../model/namespace.ts";
import type { QueueSettings } from "../../model/queue.ts";
import { stateCode } from "../sql/codes.ts";
import type { FactPack } from "../sql/event-facts.ts";
import type { QueueState } from "../sql/space-rows.ts";

/** A namespace as the writer keeps it in memory. */
export type SpaceEntry = {
  readonly id: number;
  readonly name: Namespace;
  /** Those that were deleted among them, as long as their rows are there. */
  readonly queues: Map<QueueName, QueueEntry>;
  /** How many of its queues are not deleted. */
  queueCount: number;
  /** What has not ended, the running transaction included. */
  backlogTasks: number;
  /** The same in bytes; counted only while there is a quota. */
  backlogBytes: number;
  /** By how much the running transaction changed that; backlog.ts writes it down. */
  movedBytes: number;
  /** What operators said of it; undefined: nobody made it. */
  record: NamespaceRecord | undefined;
  /** Whether nothing but its queues bounds what comes in. */
  isUnbounded: boolean;
};

/** Whether it lets anything begin. */
export const isActive = ({ record }: Pick<SpaceEntry, "record">): boolean =>
  record === undefined || record.state === "active";

/** A queue as the writer keeps it in memory: there are at most some ten thousand, and every verb needs theirs. */
export type QueueEntry = {
  readonly id: number;
  readonly namespace: Namespace;
  readonly name: QueueName;
  /** Its namespace. */
  readonly space: SpaceEntry;
  settings: QueueSettings;
  revision: number;
  life: QueueState;
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

/** How many of a queue's tasks have not ended: the states before those of the end have the lowest numbers. */
export const backlogOf = (depth: readonly number[]): number =>
  depth.slice(0, liveStates).reduce((sum, count) => sum + count, 0);

/** A queue as whatever comes in finds it. */
export const roomOf = ({ life, settings, depth }: QueueEntry): QueueRoom => ({
  life: life !== "there" ? "deleting" : settings.isClosed ? "closed" : "open",
  backlogMax: settings.backlogMax,
  backlogTasks: backlogOf(depth),
});

/** Whether a task in a state of that number has not ended. */
export const isLive = (state: number): boolean => state < liveStates;

const liveStates = stateCode.leased + 1;
