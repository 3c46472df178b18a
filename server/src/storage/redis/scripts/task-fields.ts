/**
 * What is kept of a task in one packed string, in this order: everything that decisions and indexes need. Its content, its results and what
 * few tasks have are in keys of their own, so that claims and settlements read and write little. A field is never moved; new ones are added
 * at the end, and read as false where an older row ends before them. What is not there is false.
 */
export const taskFields = [
  "seq",
  "id",
  "name",
  "queue",
  "priority",
  "turn",
  "policy",
  "state",
  "reason",
  "revision",
  "attempt",
  "deliveries",
  "epoch",
  "fence",
  "worker",
  "createdAt",
  "notBefore",
  "startedAt",
  // The end of the lease while it is leased, when its record goes once it has ended.
  "timer",
  "endedAt",
  "cancel",
  "tags",
  "replayOf",
  "ties",
  "parentId",
  "rootId",
  "hash",
  // Of its content.
  "bytes",
  // Of the contents of its links and of what it was handed.
  "linked",
  // Of its checkpoint and of what it was handed: what a claim hands out besides the content.
  "carried",
  "held",
  // Whether it is among the tasks that the gate of its name counts.
  "named",
  "orderKey",
  "limitKey",
  "fairKey",
  "lane",
  "settled",
  "waitUntil",
  "claimKey",
  // Whether there is more of it than its content: results, checkpoints, links, attempts.
  "more",
  "shelved",
  // In its canvas, and what its success starts there: as scripts/ends.ts tells.
  "place",
] as const;

/** One of them. */
export type TaskField = (typeof taskFields)[number];

/** Their places, from 0. */
export const taskPlaces = Object.fromEntries(taskFields.map((name, place) => [name, place])) as Readonly<
  Record<TaskField, number>
>;
