/**
 * What is kept of a task in one string: everything that decisions and indexes need. Its content, its results and what few tasks have are in
 * keys of their own, so that claims and settlements read and write little. A row is a head of fixed width with all that these two change,
 * then texts, each behind its length, a packed list of what they pass over unread, and at its end the worker. What is not there is false; a
 * number of the head is then below zero. A field of the list is never moved; new ones are added at its end, and read as false where an older
 * row ends before them.
 */

/** The numbers that a settlement changes. All begin with the flags. */
export const hotFields = [
  "state",
  "reason",
  "revision",
  "attempt",
  "deliveries",
  "epoch",
  "fence",
  "settled",
  // The end of the lease while it is leased, when its record goes once it has ended.
  "timer",
  "endedAt",
] as const;

/** Their form, as scripts' struct has it, with the flags before. */
export const hotForm = "<BBBI4I4I4ddddd";

/** The numbers that follow, and in front of the texts the length of the worker's name. */
export const calmFields = [
  // Of its content.
  "bytes",
  // Of its checkpoint and of what it was handed: what a claim hands out besides the content.
  "carried",
  "startedAt",
  "createdAt",
  // The length of its leases that its policy says.
  "leaseMs",
] as const;

/** Their form. */
export const calmForm = "I4I4dddH";

/** So long are those that a settlement changes, and the whole head. */
export const hotBytes = 3 + 3 * 4 + 5 * 8;
export const headBytes = hotBytes + 2 * 4 + 3 * 8 + 2;

/** The form of the texts: its place in the order of acceptance with its id, its queue, its policy, and what it is known by. */
export const textsForm = "<Hc0Hc0I4c0Hc0";

/** The digits of the order of acceptance, before the id. */
export const seqDigits = 16;

/** What the flags say, added up. */
export const flags = {
  /** Something besides its queue has a say in it: a gate, a key, a canvas, a deadline, a shelf, a request to cancel, links that count. */
  tied: 1,
  /** There is more of it than its content: results, checkpoints, links, attempts. */
  more: 2,
} as const;

/** What is packed behind the texts. */
export const restFields = [
  "name",
  "priority",
  "turn",
  "notBefore",
  "cancel",
  "tags",
  "replayOf",
  "ties",
  "parentId",
  "rootId",
  // Of the contents of its links and of what it was handed.
  "linked",
  "held",
  // Whether it is among the tasks that the gate of its name counts.
  "named",
  "orderKey",
  "limitKey",
  "fairKey",
  "lane",
  "waitUntil",
  "claimKey",
  "shelved",
  // In its canvas, and what its success starts there: as scripts/ends.ts tells.
  "place",
  // Of its content and of those of its links: what it counts in its namespace's quota.
  "said",
] as const;

/** A field of either kind. */
export type HeadField = (typeof hotFields)[number] | (typeof calmFields)[number];
export type RestField = (typeof restFields)[number];
