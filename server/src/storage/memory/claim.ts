import { gatesOf, stages } from "../../model/gatekeeper.ts";
import { plus } from "../../model/ids.ts";
import { dealTurns, tiersAfter } from "../../model/queue-tier.ts";
import { claimEnd } from "../../model/unique.ts";
import type { Claimed, ClaimRequest } from "../../ports/task-store.ts";
import type { Entry } from "./entry.ts";
import { announceQueue, limitAt, queueCapacity, take } from "./gates.ts";
import { type OpenLanes, openLanes } from "./open-lanes.ts";
import { endOverdue, isOverdue } from "./overdue.ts";
import { releaseKey } from "./release-key.ts";
import { replaceHead, type State, stand } from "./state.ts";

/** So many tasks may be found at gates that closed meanwhile, before a claim takes what it has. */
const heldMax = 1000;

/** Leases ready tasks, best first over all wanted queues, or in the order of its tiers. */
export function claim(state: State, want: ClaimRequest): readonly Claimed[] {
  const claimed: Claimed[] = [];
  let held = claimOnce(state, want, claimed);
  // In the place of those that went back others may come, once the gates are tended.
  for (let round = 1; held > 0 && claimed.length < want.limit && round < roundsMax; round += 1) {
    state.gates.keeper.tend(want.now);
    const tiers = want.tiers && tiersAfter(want.tiers, claimed);
    held = claimOnce(state, { ...want, tiers }, claimed);
  }
  return claimed;
}

/** Each round but the last finds at least one gate that closed meanwhile. */
const roundsMax = 10;

/** Leases what stands free, and answers how many were met at gates that had closed. */
function claimOnce(state: State, want: ClaimRequest, claimed: Claimed[]): number {
  const leasing = createLeasing(state, want, claimed);
  const left = (): number => want.limit - claimed.length;
  for (const tier of want.tiers ?? [{ kind: "merged", queues: want.queues }]) {
    if (tier.kind === "merged") {
      const lanes = openLanes(state, want, tier.queues);
      while (left() > 0 && leasing.next(lanes) !== undefined);
    } else dealTurns(tier.shares, left(), (queue) => leasing.next(openLanes(state, want, [queue])));
  }
  return leasing.held;
}

type Leasing = {
  readonly held: number;
  /** Leases the best task of some lanes; undefined when they have none, and for good once the next one's content did not fit. */
  next(lanes: OpenLanes): Claimed | undefined;
};

function createLeasing(state: State, want: ClaimRequest, claimed: Claimed[]): Leasing {
  let contentBytes = claimed.reduce((sum, task) => sum + bytesOf(task), 0);
  let held = 0;
  let isFull = false;
  return {
    get held() {
      return held;
    },
    next(lanes) {
      while (held < heldMax) {
        const lane = lanes.first();
        const entry = lane?.ready.first();
        if (isFull || lane === undefined || entry === undefined) return undefined;
        const bytes = contentBytes + bytesOf(entry);
        isFull = claimed.length > 0 && bytes > want.contentBytesMax;
        if (isFull) return undefined;
        // Its first task decides where a lane stands among the others, so it leaves while that changes.
        lanes.remove(lane, entry.queue);
        if (roomOf(state, want, entry) <= 0) continue;
        const isOver = isOverdue(state, entry, want.now) && endOverdue(state, entry, want.now);
        const isHeld = !isOver && holdsBack(state, want, entry);
        const leased = isOver || isHeld ? undefined : lease(state, entry, want);
        if (lane.ready.size > 0) lanes.add(lane, entry.queue);
        if (isHeld) held += 1;
        if (leased === undefined) continue;
        contentBytes = bytes;
        claimed.push(leased);
        isFull = claimed.length === want.turnsMax && entry.queue.turn !== undefined;
        return leased;
      }
      return undefined;
    },
  };
}

const bytesOf = ({ content, checkpoint, input }: Pick<Claimed, "content" | "checkpoint" | "input">): number =>
  content.length + (checkpoint?.length ?? 0) + (input?.data?.length ?? 0);

function roomOf({ gates }: State, { namespace, now }: ClaimRequest, { queue }: Entry): number {
  return queueCapacity(gates, { namespace, kind: "queue", subject: queue.name }, queue.depth.leased, now);
}

/** Sends a task back to a gate of its that has closed since it passed. */
function holdsBack(state: State, { now }: ClaimRequest, entry: Entry): boolean {
  const { keeper } = state.gates;
  const closed = gatesOf(entry).find((gate) => keeper.capacity(gate, now) <= 0);
  if (closed === undefined) return false;
  stand(state, entry, stages[closed.kind]);
  keeper.touch(entry);
  return true;
}

function lease(state: State, entry: Entry, want: ClaimRequest): Claimed {
  const { head, content, checkpoint, input } = entry;
  state.fenceSeq += 1;
  const fence = { epoch: state.epoch, seq: state.fenceSeq };
  const deliveries = head.deliveries + 1;
  entry.outcomeHash = undefined;
  if (head.policy.unique?.until === "started") releaseKey(entry, claimEnd(head.policy.unique, want.now));
  replaceHead(state, entry, {
    ...head,
    state: "leased",
    reason: undefined,
    revision: head.revision + 1,
    deliveries,
    fence,
    worker: want.worker,
    startedAt: want.now,
    leaseUntil: plus(want.now, (head.policy.leaseMs ?? want.leaseMs) + want.graceMs),
  });
  countGrant(state, entry, want);
  const { queue: from, turn } = entry;
  if (from.turn !== undefined && turn > from.turn) from.turn = turn;
  state.log.note(entry.head, "leased", want.now);
  const { id, queue, createdAt, policy, attempt } = head;
  return {
    id,
    queue,
    fence,
    createdAt,
    content,
    policy,
    attempt,
    deliveries,
    checkpoint,
    ...(input && { input }),
  };
}

/** Counts a grant against the rates that it is subject to. */
function countGrant({ gates }: State, { head, queue }: Entry, { now }: ClaimRequest): void {
  if (gates.limits.size === 0) return;
  const { namespace, name, ties } = head;
  const ref = { namespace, kind: "queue", subject: queue.name } as const;
  take(gates, ref, now);
  take(gates, { namespace, kind: "name", subject: name }, now);
  if (ties?.limitKey !== undefined) take(gates, { namespace, kind: "key", subject: ties.limitKey }, now);
  if (limitAt(gates, ref) !== undefined) announceQueue(gates, ref, queue.depth.ready, now);
}
