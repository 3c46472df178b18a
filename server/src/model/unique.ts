/** What a task claims so that no second one is made meanwhile, and what a conflict comes to. Pure. */

import { digestOf } from "../lib/digest.ts";
import { areTiedAlike, type TaskTies } from "./gate.ts";
import { type Instant, instantOf, plus, type QueueName, type TaskId, type TaskName } from "./ids.ts";

/** How long a task's claim lasts; part of its policy, because every end of it must know. */
export type UniqueScope = {
  /** Until a worker first has it, or until its end. */
  readonly until: "started" | "ended";
  /** How much longer, counted from then; undefined: after the ends that are named, for as long as the task's record is kept. */
  readonly forMs: number | undefined;
  /** The ends after which it lasts longer, in the order of `uniqueEnds`; undefined: after any. */
  readonly keptAfter?: readonly UniqueEnd[] | undefined;
};

/** The ways in which a task with a key ends. */
export const uniqueEnds = ["succeeded", "failed", "cancelled", "expired"] as const;
export type UniqueEnd = (typeof uniqueEnds)[number];

/** The states without which a key would be free while its task lives, and another could take it. */
export type MissingState = "scheduled" | "ready" | "leased";

/** Until when a claim lasts, and after which ends longer. */
export type KeptAfter = Pick<UniqueScope, "until" | "keptAfter">;

/**
 * What a claim is that is held in exactly these states, or the first one that they must not leave out: a task comes back to states that
 * it has left, and in a gap a second one would take its key. Before its first start is what SCHEDULED and READY alone mean.
 */
export function heldIn(states: ReadonlySet<string>): KeptAfter | MissingState {
  const keptAfter = uniqueEnds.filter((end) => states.has(end));
  if (!states.has("scheduled")) return "scheduled";
  if (!states.has("ready")) return "ready";
  if (states.has("leased")) return keptAfter.length > 0 ? { until: "ended", keptAfter } : { until: "ended" };
  return keptAfter.length > 0 ? "leased" : { until: "started" };
}

/** What a newcomer wants when its key is claimed. */
export type OnConflict = "return" | "reject" | "replace" | "debounce";

/** What a task claims on its way in. */
export type UniqueWish = {
  readonly key: string;
  readonly onConflict: OnConflict;
  /** Its claim lasts at least until then; undefined: no longer than its scope. */
  readonly keepUntil: Instant | undefined;
  /** However often it is debounced, it may start by then; undefined: no bound. */
  readonly startBy: Instant | undefined;
};

/** A claim of a key. `freeAt`: known once its scope is over; until then the task holds it, or its record does. */
export type UniqueClaim = {
  readonly key: string;
  readonly taskId: TaskId;
  readonly claimedAt: Instant;
  readonly freeAt: Instant | undefined;
  /** How many tasks were not made because of it. */
  readonly duplicates: number;
};

/** What a task has claimed, as shown with it. */
export type TaskClaim = Pick<UniqueClaim, "key" | "duplicates">;

/** What a task that has claimed a key claims when it runs again: refused where another has it by now. */
export const claimAgain = ({ key }: TaskClaim): UniqueWish => ({
  ...{ key, onConflict: "reject", keepUntil: undefined, startBy: undefined },
});

/** What becomes of a newcomer whose key is claimed by a living task. */
export type Conflict = "kept" | "taken" | "replace" | "update";

/** What of the task that has a key decides a conflict. */
export type KeyHolder = {
  readonly state: string;
  readonly name: TaskName;
  readonly queue: QueueName;
  readonly ties: TaskTies | undefined;
  /** Undefined: no worker has had it. */
  readonly fence: object | undefined;
  /** What of its policy says that it is in a canvas. */
  readonly policy: { readonly member?: "ends" | "attempts" | undefined };
};

/** What of a newcomer does. */
export type Newcomer = Pick<KeyHolder, "name" | "queue" | "ties" | "policy"> & {
  readonly unique: UniqueWish;
};

/** Decides a conflict. A debounced newcomer only takes over what is another version of it, and has not been tried. */
export function decideConflict(holder: KeyHolder, newcomer: Newcomer): Conflict {
  const { onConflict } = newcomer.unique;
  if (onConflict === "reject") return "taken";
  const isWaiting = holder.state === "scheduled" || holder.state === "ready";
  if (!isWaiting || onConflict === "return") return "kept";
  if (onConflict === "replace") return "replace";
  if (holder.fence !== undefined) return "kept";
  return isVersionOf(holder, newcomer) ? "update" : "taken";
}

/**
 * What waits at a gate, in an order or for a turn stays there: another version of it has the same keys and labels. What is in a canvas has
 * a place there that no other task can have, and canvases wait for its end.
 */
const isVersionOf = (holder: KeyHolder, { name, queue, ties, policy }: Newcomer): boolean =>
  holder.name === name &&
  holder.queue === queue &&
  areTiedAlike(holder.ties, ties) &&
  holder.policy.member === undefined &&
  policy.member === undefined;

/** When a debounced task starts that was put off until `wanted`: no later than its bound, which may be over by now. */
export const debouncedStart = (wanted: Instant, startBy: Instant | undefined, now: Instant): Instant =>
  startBy === undefined || wanted <= startBy ? wanted : startBy > now ? startBy : now;

/** The end of a claim that lasts for as long as its task's record is kept, whenever that goes. */
export const whileRecorded = instantOf(Number.MAX_SAFE_INTEGER);

/** Until when a claim lasts whose scope is over: by a first start, or by an end. */
export function claimEnd({ forMs, keptAfter }: UniqueScope, now: Instant, end?: UniqueEnd): Instant {
  if (end !== undefined && keptAfter?.includes(end) === false) return now;
  return forMs === undefined ? whileRecorded : plus(now, forMs);
}

/** Keys of this form are made from what tasks say; nobody may choose one. */
export const derivedKeyPrefix = "sha256:";

/** The key of a task that names none: its name, its queue, and a digest of what counts of its arguments. */
export const derivedKey = (name: TaskName, queue: QueueName, argsDigest: string): string =>
  derivedKeyPrefix + digestOf([name, queue, argsDigest]);
