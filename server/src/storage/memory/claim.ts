import { plus, type QueueName } from "../../model/ids.ts";
import { dealTurns } from "../../model/queue-tier.ts";
import { claimEnd } from "../../model/unique.ts";
import type { Claimed, ClaimRequest } from "../../ports/task-store.ts";
import { createHeap, type Heap } from "./heap.ts";
import { endOverdue, isOverdue } from "./overdue.ts";
import { releaseKey } from "./release-key.ts";
import { type Entry, type Lane, replaceHead, type State } from "./state.ts";

/** Leases ready tasks, best first over all wanted queues, or in the order of its tiers. */
export function claim(state: State, want: ClaimRequest): readonly Claimed[] {
  const next = createLeasing(state, want);
  const tiers = want.tiers ?? [{ kind: "merged", queues: want.queues }];
  const claimed: Claimed[] = [];
  for (const tier of tiers) {
    const limit = want.limit - claimed.length;
    if (tier.kind === "merged") claimed.push(...takeBest(openLanes(state, want, tier.queues), limit, next));
    else claimed.push(...dealTurns(tier.shares, limit, (queue) => next(openLanes(state, want, [queue]))));
  }
  return claimed;
}

/** Leases the best task of some lanes; undefined when they have none, and for good once the next one's content did not fit. */
type LeaseNext = (lanes: Heap<Lane>) => Claimed | undefined;

function createLeasing(state: State, want: ClaimRequest): LeaseNext {
  let contentBytes = 0;
  let isFirst = true;
  let isFull = false;
  return (lanes) => {
    for (;;) {
      const lane = lanes.first();
      const entry = lane?.ready.first();
      if (isFull || lane === undefined || entry === undefined) return undefined;
      const bytes = contentBytes + entry.content.length + (entry.checkpoint?.length ?? 0);
      isFull = !isFirst && bytes > want.contentBytesMax;
      if (isFull) return undefined;
      // Its first task decides where a lane stands among the others, so it leaves while that changes.
      lanes.remove(lane);
      const claimed = leaseUnlessOverdue(state, entry, want);
      if (lane.ready.size > 0) lanes.add(lane);
      if (claimed === undefined) continue;
      contentBytes = bytes;
      isFirst = false;
      return claimed;
    }
  };
}

/** One that has waited too long ends in place of being leased. */
function leaseUnlessOverdue(state: State, entry: Entry, want: ClaimRequest): Claimed | undefined {
  if (!isOverdue(state, entry, want.now)) return lease(state, entry, want);
  endOverdue(state, entry, want.now);
  return undefined;
}

function takeBest(lanes: Heap<Lane>, limit: number, next: LeaseNext): Claimed[] {
  const taken: Claimed[] = [];
  while (taken.length < limit) {
    const claimed = next(lanes);
    if (claimed === undefined) break;
    taken.push(claimed);
  }
  return taken;
}

/** The lanes that have tasks to hand out: highest priority first, then by who has waited longest. */
function openLanes(state: State, want: ClaimRequest, names: readonly QueueName[]): Heap<Lane> {
  const lanes = createHeap<Lane>((a, b) =>
    a.priority === b.priority ? firstSeq(a) < firstSeq(b) : a.priority > b.priority,
  );
  const queues = state.spaces.get(want.namespace)?.queues;
  for (const name of new Set(names)) {
    const queue = queues?.get(name);
    if (queue === undefined || queue.pause !== undefined) continue;
    for (const lane of queue.lanes.values()) if (lane.ready.size > 0) lanes.add(lane);
  }
  return lanes;
}

const firstSeq = (lane: Lane): number => lane.ready.first()?.seq ?? 0;

function lease(state: State, entry: Entry, want: ClaimRequest): Claimed {
  const { head, content, checkpoint } = entry;
  state.fenceSeq += 1;
  const fence = { epoch: state.epoch, seq: state.fenceSeq };
  const deliveries = head.deliveries + 1;
  entry.settledHash = undefined;
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
  state.log.note(entry.head, "leased", want.now);
  const { id, queue, createdAt, policy, attempt } = head;
  return { id, queue, fence, createdAt, content, policy, attempt, deliveries, checkpoint };
}
