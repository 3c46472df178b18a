/** What keeps ready tasks from being handed out, as values and pure sums. How tasks pass gates is in gatekeeper.ts. */

import { type Instant, instantOf, type Namespace } from "./ids.ts";
import { isOver, type Pause } from "./pause.ts";

/** What a limit is about: a queue, the name of a task, or a key that tasks say. */
export type LimitKind = "queue" | "name" | "key";

/** Names one limit. */
export type LimitRef = {
  readonly namespace: Namespace;
  readonly kind: LimitKind;
  /** The queue, the task's name or the key. */
  readonly subject: string;
};

/** So many grants in a period, and so many of them at once after a pause. A count of zero stops them. */
export type Rate = { readonly count: number; readonly periodMs: number; readonly burst: number };

/** How many, and how fast. */
export type Bounds = {
  /** How many leases there may be at once; undefined: any number. */
  readonly concurrency: number | undefined;
  /** How fast they may be granted; undefined: at any pace. */
  readonly rate: Rate | undefined;
};

/** Whether two limits allow the same. */
export const areSameBounds = (a: Bounds, b: Bounds): boolean =>
  a.concurrency === b.concurrency &&
  a.rate?.count === b.rate?.count &&
  a.rate?.periodMs === b.rate?.periodMs &&
  a.rate?.burst === b.rate?.burst;

/** A limit as operators put it, and what else they said of its subject. */
export type GateLimit = LimitRef &
  Bounds & {
    /** Why nothing is granted there for now, whatever the bounds; never of a queue, which has its pause itself. */
    readonly pause?: Pause | undefined;
    readonly updatedAt: Instant;
  };

/** Whether a limit says how many, or how fast. */
export const isBounded = ({ concurrency, rate }: Bounds): boolean =>
  concurrency !== undefined || rate !== undefined;

/** The pause of a limit, unless it is over. */
export const pauseAt = ({ pause }: GateLimit, now: Instant): Pause | undefined =>
  pause === undefined || isOver(pause, now) ? undefined : pause;

/** What becomes of a limit whose pause is set or ended; the bounds stay. Undefined: nothing was said of it, and nothing is. */
export function withPause(
  ref: LimitRef,
  before: GateLimit | undefined,
  { pause, now }: { readonly pause: Pause | undefined; readonly now: Instant },
): GateLimit | undefined {
  if (before === undefined && pause === undefined) return undefined;
  const { namespace, kind, subject } = ref;
  const { concurrency, rate } = before ?? {};
  return { namespace, kind, subject, concurrency, rate, ...(pause && { pause }), updatedAt: now };
}

/** A limit in force, and when its next grant is due. */
export type LiveLimit = { readonly limit: GateLimit; readonly dueAt: number };

/** The gate at which a ready task waits; `ordering`: behind an earlier task of its key. */
export type Gate = { readonly kind: "ordering" | "key" | "name"; readonly subject: string };

/** What a producer says of a task that ties it to others; undefined for a task that says nothing of the sort. */
export type TaskTies = {
  /** The key whose limits it obeys. */
  readonly limitKey: string | undefined;
  /** The key whose tasks run one after the other, in the order of acceptance. */
  readonly orderingKey: string | undefined;
  /** The key that takes turns with the others of its queue. */
  readonly fairnessKey: string | undefined;
  /** What its worker must be like; undefined: anything. */
  readonly labels: Labels | undefined;
};

/** Whether two tasks are tied alike. */
export const areTiedAlike = (a: TaskTies | undefined, b: TaskTies | undefined): boolean =>
  a?.limitKey === b?.limitKey &&
  a?.orderingKey === b?.orderingKey &&
  a?.fairnessKey === b?.fairnessKey &&
  laneOf(a?.labels) === laneOf(b?.labels);

/** What workers are like, and tasks ask for. */
export type Labels = Readonly<Record<string, string>>;

/** Whether a worker with these labels is what a task asks for. */
export const isSatisfied = (asked: Labels, labels: Labels | undefined): boolean =>
  Object.entries(asked).every(([key, value]) => labels?.[key] === value);

/** A set of labels as a text, the same for the same set. No label has a blank in it. */
export const laneOf = (labels: Labels | undefined): string =>
  labels === undefined
    ? ""
    : Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(" ");

/** The labels of such a text. */
export const labelsOfLane = (lane: string): Labels =>
  Object.fromEntries(
    lane.split(" ").flatMap((label) => {
      const [key, ...value] = label.split("=");
      return key === undefined || label === "" ? [] : [[key, value.join("=")]];
    }),
  );

/** How many grants a rate allows at `now`, when the next one is due at `dueAt` by the count so far. */
export function tokensAt(rate: Rate, dueAt: number, now: Instant): number {
  if (rate.count === 0) return 0;
  const intervalMs = rate.periodMs / rate.count;
  const behindMs = now - Math.max(dueAt, now) + (rate.burst - 1) * intervalMs;
  // What is due to the hair is due: sums of fractions are off by less than this.
  return behindMs < -tinyMs ? 0 : Math.floor((behindMs + tinyMs) / intervalMs) + 1;
}

/** When the next grant is due after `taken` more, the sum that GCRA calls the theoretical arrival time. */
export const dueAfter = (rate: Rate, dueAt: number, { now, taken }: Taken): number =>
  rate.count === 0 ? dueAt : Math.max(dueAt, now) + (taken * rate.periodMs) / rate.count;

/** When the next grant is due once the rate was changed: what an older, slower rate made wait does not wait longer than by the new one. */
export const dueOnChange = (rate: Rate | undefined, dueAt: number, now: Instant): number =>
  rate === undefined || rate.count === 0
    ? dueAt
    : Math.min(dueAt, now + (rate.burst * rate.periodMs) / rate.count);

/** Grants at a moment. */
export type Taken = { readonly now: Instant; readonly taken: number };

/** When there will be a token, by a clock of whole milliseconds; undefined: never. */
export function nextTokenAt(rate: Rate, dueAt: number): Instant | undefined {
  if (rate.count === 0) return undefined;
  return instantOf(Math.ceil(dueAt - ((rate.burst - 1) * rate.periodMs) / rate.count - tinyMs));
}

/** When time alone allows there what is not allowed now; undefined: it changes nothing. */
export function opensAt({ limit, dueAt }: LiveLimit, now: Instant): Instant | undefined {
  const pause = pauseAt(limit, now);
  // Whoever comes back then learns what the rate says.
  if (pause !== undefined) return pause.resumeAt;
  const at = limit.rate && nextTokenAt(limit.rate, dueAt);
  return at !== undefined && at > now ? at : undefined;
}

const tinyMs = 0.001;

/** The burst of a rate that names none: what a tenth of a second brings, so that a fast rate does not depend on fast timers. */
export const usualBurst = (count: number, periodMs: number): number =>
  Math.max(1, Math.ceil((count * 100) / periodMs));

/** A subject within its namespace, as one text: neither a namespace nor a queue has a blank in it. */
export const scoped = (...parts: readonly string[]): string => parts.join(" ");
