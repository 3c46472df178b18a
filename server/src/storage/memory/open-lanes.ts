import { isSatisfied } from "../../model/gate.ts";
import { isBefore, isBeforeElsewhere, type Place } from "../../model/gatekeeper.ts";
import type { QueueName } from "../../model/ids.ts";
import type { ClaimRequest } from "../../ports/task-store.ts";
import type { Entry, Lane, QueueEntry } from "./entry.ts";
import { createHeap, type Heap, type Placed } from "./heap.ts";
import type { State } from "./state.ts";

/** The lanes that have tasks to hand out, in the order of what each would hand out first. */
export type OpenLanes = {
  first(): Lane | undefined;
  /** A lane leaves while its first task changes, because that decides where it and its queue stand. */
  remove(lane: Lane, queue: QueueEntry): void;
  add(lane: Lane, queue: QueueEntry): void;
};

type OpenQueue = Placed & { readonly lanes: Heap<Lane> };

/** Gathers those of some queues that a worker may have. */
export function openLanes(state: State, want: ClaimRequest, names: readonly QueueName[]): OpenLanes {
  const open = createOpenLanes();
  const space = state.spaces.get(want.namespace);
  if (space?.record !== undefined && space.record.state !== "active") return open;
  for (const name of new Set(names)) {
    const queue = space?.queues.get(name);
    if (queue === undefined || queue.pause !== undefined || queue.life !== "there") continue;
    for (const lane of queue.lanes.values())
      if (lane.ready.size > 0 && isSatisfied(lane.labels ?? {}, want.labels)) open.add(lane, queue);
  }
  return open;
}

function createOpenLanes(): OpenLanes {
  const firstIn = ({ lanes }: OpenQueue): Entry | undefined => lanes.first()?.ready.first();
  const heap = createHeap(by(firstIn, isBeforeElsewhere));
  const known = new Map<QueueEntry, OpenQueue>();

  /** Changes the lanes of a queue, which takes its place anew. */
  function change(queue: QueueEntry, how: (lanes: Heap<Lane>) => void): void {
    const own = known.get(queue) ?? {
      place: -1,
      lanes: createHeap(by((lane) => lane.ready.first(), isBefore)),
    };
    if (own.lanes.size > 0) heap.remove(own);
    known.set(queue, own);
    how(own.lanes);
    if (own.lanes.size > 0) heap.add(own);
  }

  return {
    first: () => heap.first()?.lanes.first(),
    remove: (lane, queue) => change(queue, (lanes) => lanes.remove(lane)),
    add: (lane, queue) => change(queue, (lanes) => lanes.add(lane)),
  };
}

/** By the first task of each, which there is. */
const by =
  <T>(firstOf: (item: T) => Entry | undefined, isFirst: (a: Place, b: Place) => boolean) =>
  (a: T, b: T): boolean => {
    const [first, second] = [firstOf(a), firstOf(b)];
    return first !== undefined && second !== undefined && isFirst(first, second);
  };
