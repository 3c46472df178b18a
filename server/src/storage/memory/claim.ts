import { plus } from "../../model/ids.ts";
import type { Claimed, ClaimRequest } from "../../ports/task-store.ts";
import { createHeap, type Heap } from "./heap.ts";
import { type Entry, type Lane, replaceHead, type State } from "./state.ts";

/** Leases ready tasks, best first over all wanted queues. */
export function claim(state: State, want: ClaimRequest): readonly Claimed[] {
  const lanes = openLanes(state, want);
  const claimed: Claimed[] = [];
  let contentBytes = 0;
  while (claimed.length < want.limit) {
    const lane = lanes.first();
    const entry = lane?.ready.first();
    if (lane === undefined || entry === undefined) break;
    contentBytes += entry.content.length;
    if (claimed.length > 0 && contentBytes > want.contentBytesMax) break;
    // Its first task decides where a lane stands among the others, so it leaves while that changes.
    lanes.remove(lane);
    claimed.push(lease(state, entry, want));
    if (lane.ready.size > 0) lanes.add(lane);
  }
  return claimed;
}

/** The lanes that have tasks to hand out: highest priority first, then by who has waited longest. */
function openLanes(state: State, want: ClaimRequest): Heap<Lane> {
  const lanes = createHeap<Lane>((a, b) =>
    a.priority === b.priority ? firstSeq(a) < firstSeq(b) : a.priority > b.priority,
  );
  const queues = state.spaces.get(want.namespace)?.queues;
  for (const name of new Set(want.queues)) {
    const queue = queues?.get(name);
    if (queue === undefined || queue.pause !== undefined) continue;
    for (const lane of queue.lanes.values()) if (lane.ready.size > 0) lanes.add(lane);
  }
  return lanes;
}

const firstSeq = (lane: Lane): number => lane.ready.first()?.seq ?? 0;

function lease(state: State, entry: Entry, want: ClaimRequest): Claimed {
  const { head, content } = entry;
  state.fenceSeq += 1;
  const fence = { epoch: state.epoch, seq: state.fenceSeq };
  const deliveries = head.deliveries + 1;
  entry.settledHash = undefined;
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
  return { id, queue, fence, createdAt, content, policy, attempt, deliveries };
}
