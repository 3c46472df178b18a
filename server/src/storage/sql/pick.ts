import { isBefore, isBeforeElsewhere } from "../../model/gatekeeper.ts";
import type { QueueName } from "../../model/ids.ts";
import { dealTurns, type QueueTier } from "../../model/queue-tier.ts";
import type { ClaimRequest } from "../../ports/task-store.ts";

/**
 * What a claim takes where limits are in force, tasks are tied or queues hand out in tiers: best first from lines, each the ready tasks
 * of one queue and one index, as far as queues have room and gates have permits.
 */

/** A queue as its store knows it: the same object for the same queue. */
type Queue = {
  readonly name: QueueName;
  /** Set where it hands out in turns. */
  readonly turn: unknown;
};

/** A ready task as its index has it. */
export type Candidate<T> = {
  readonly seq: number;
  readonly priority: number;
  readonly turn: number;
  readonly contentBytes: number;
  /** Its keys, where it is tied. */
  readonly tie: T | undefined;
};

/** The ready tasks of one queue and one index, read as far as they are needed. */
export type Line<Q extends Queue, T> = {
  readonly queue: Q;
  first(): Candidate<T> | undefined;
  /** Goes on behind the first; `isTaken` when it was taken, and not moved away. */
  drop(isTaken: boolean): void;
};

/** What a claim takes: the numbers of its tasks in the order of grants, and those of them that are tied. */
export type Picked<T> = {
  readonly seqs: readonly number[];
  readonly ties: readonly T[];
  /** How many were met whose gate had closed, and went back: those behind them may come when the gates are tended. */
  readonly held: number;
};

/** What the claim has taken so far. */
export type Before = { readonly count: number; readonly bytes: number };

export type Permits<T> = {
  /** How many were held back. */
  readonly held: number;
  /** Uses the permits that a task needs; without one, the task goes back to the gate that has none. */
  take(tie: T): boolean;
};

/** So many tasks may be found at gates that closed meanwhile, before a claim takes what it has. */
const heldMax = 1000;

/** What there is to take from, and how much of it may be taken. */
export type Offer<Q extends Queue, T> = {
  readonly lines: readonly Line<Q, T>[];
  /** How many more tasks of a queue may be leased. */
  readonly room: Map<Q, number>;
  readonly permits: Permits<T>;
  readonly before: Before;
};

/** Takes what a claim wants of an offer. */
export function pickFrom<Q extends Queue, T>(want: ClaimRequest, offer: Offer<Q, T>): Picked<T> {
  const taking = createTaking(want, offer);
  for (const tier of want.tiers ?? [{ kind: "merged", queues: want.queues }])
    takeTier(taking, offer.lines, tier);
  return taking.picked();
}

/** Takes what a tier has, as far as more is wanted. */
function takeTier<Q extends Queue, T>(
  { next, left }: Taking<Q, T>,
  lines: readonly Line<Q, T>[],
  tier: QueueTier,
): void {
  const linesOf = (names: readonly QueueName[]) => lines.filter(({ queue }) => names.includes(queue.name));
  if (tier.kind === "weighted") {
    const own = new Map(tier.shares.map(({ queue }) => [queue, linesOf([queue])]));
    dealTurns(tier.shares, left(), (queue) => next(own.get(queue) ?? []));
    return;
  }
  const own = tier.queues.length < lines.length ? linesOf(tier.queues) : lines;
  while (left() > 0 && next(own) !== undefined);
}

type Taking<Q extends Queue, T> = {
  /** Takes the best task of some lines, if it may be leased; undefined: they have none, or the claim is full. */
  next(lines: readonly Line<Q, T>[]): Candidate<T> | undefined;
  /** How many more are wanted. */
  left(): number;
  picked(): Picked<T>;
};

function createTaking<Q extends Queue, T>(
  { limit, turnsMax, contentBytesMax }: ClaimRequest,
  { room, permits, before }: Offer<Q, T>,
): Taking<Q, T> {
  const seqs: number[] = [];
  const ties: T[] = [];
  let { count, bytes } = before;
  let isFull = false;

  function take(line: Line<Q, T>, { seq, tie, contentBytes }: Candidate<T>): void {
    bytes += contentBytes;
    count += 1;
    seqs.push(seq);
    if (tie !== undefined) ties.push(tie);
    room.set(line.queue, (room.get(line.queue) ?? 0) - 1);
    isFull = count === turnsMax && line.queue.turn !== undefined;
  }

  return {
    next(lines) {
      while (!isFull && count < limit && permits.held < heldMax) {
        const line = bestOf(lines, room);
        const candidate = line?.first();
        if (line === undefined || candidate === undefined) return undefined;
        isFull = count > 0 && bytes + candidate.contentBytes > contentBytesMax;
        if (isFull) return undefined;
        const isAllowed = candidate.tie === undefined || permits.take(candidate.tie);
        line.drop(isAllowed);
        if (!isAllowed) continue;
        take(line, candidate);
        return candidate;
      }
      return undefined;
    },
    left: () => limit - count,
    picked: () => ({ seqs, ties, held: permits.held }),
  };
}

type Head<Q extends Queue, T> = { readonly line: Line<Q, T>; readonly first: Candidate<T> };

/** The line whose first task comes first: the best of each queue by its own order, and of those the best. A queue's lines are together. */
function bestOf<Q extends Queue, T>(
  lines: readonly Line<Q, T>[],
  room: ReadonlyMap<Q, number>,
): Line<Q, T> | undefined {
  let best: Head<Q, T> | undefined;
  let own: Head<Q, T> | undefined;
  for (const line of lines) {
    const first = (room.get(line.queue) ?? 0) > 0 ? line.first() : undefined;
    if (first === undefined) continue;
    if (own?.line.queue !== line.queue) {
      best = earlier(best, own);
      own = { line, first };
    } else if (isBefore(first, own.first)) own = { line, first };
  }
  return earlier(best, own)?.line;
}

const earlier = <H extends { readonly first: Candidate<unknown> }>(a: H | undefined, b: H | undefined) =>
  a === undefined || (b !== undefined && isBeforeElsewhere(b.first, a.first)) ? b : a;
