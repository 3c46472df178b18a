/**
 * What is kept of a barrier in one packed string, in this order: what changes with every end of a member, and what decides. What is only
 * read, or seldom, is in a hash beside it: callbacks, the cause, facts of a canvas. A field is never moved; new ones are added at the end,
 * and read as false where an older row ends before them. What is not there is false.
 */
export const barrierFields = [
  "id",
  "canvas",
  // As scripts/ends.ts tells.
  "place",
  "shape",
  "onMemberFailure",
  "size",
  "isSealed",
  "next",
  // 0 while it is open; else that of a task.
  "state",
  "ended",
  "unsuccessful",
  "attempted",
  "parentId",
  "rootId",
  "createdAt",
  "endedAt",
  "hasRest",
  "hasCallbacks",
  "hasCause",
  // From here on only of a canvas.
  "hash",
  "retentionMs",
  "purgeAt",
  "name",
  "tags",
  "retryOf",
] as const;

/** One of them. */
export type BarrierField = (typeof barrierFields)[number];

/** Their places, from 0. */
export const barrierPlaces = Object.fromEntries(
  barrierFields.map((name, place) => [name, place]),
) as Readonly<Record<BarrierField, number>>;
