import { linkedBytes } from "../../model/continuation.ts";
import type { Task, TaskHead } from "../../model/task.ts";
import type { EndedQuery, TaskPage, TaskQuery } from "../../ports/task-store.ts";
import type { Entry } from "./entry.ts";
import { headOf, taskOf } from "./read.ts";
import type { Space } from "./space.ts";
import type { State } from "./state.ts";

/** One page of tasks, newest first. The cursor is the place of the last task that was looked at, in the order of acceptance. */
export function list(state: State, query: TaskQuery): TaskPage {
  const tasks: Task[] = [];
  let bytes = 0;
  let cursor: number | undefined;
  let looked = 0;
  for (const entry of newestFirst(state.spaces.get(query.namespace), query.after)) {
    if (looked === query.scanMax) return { tasks, cursor };
    looked += 1;
    if (matches(entry, query)) {
      bytes += query.full ? bytesOf(entry) : 0;
      if (tasks.length >= query.limit || (tasks.length > 0 && bytes > query.bytesMax))
        return { tasks, cursor };
      tasks.push(query.full ? taskOf(entry) : basicTaskOf(entry));
    }
    cursor = entry.seq;
  }
  return { tasks, cursor: undefined };
}

function* newestFirst(space: Space | undefined, after: number | undefined): Iterable<Entry> {
  if (space === undefined) return;
  for (let at = placeBefore(space.order, after); at >= 0; at -= 1) {
    const entry = space.order[at];
    // The order still names some that were removed.
    if (entry !== undefined && space.tasks.get(entry.head.id) === entry) yield entry;
  }
}

/** The place of the newest task that was accepted before `seq`; of the newest of all without. */
function placeBefore(order: readonly Entry[], seq: number | undefined): number {
  if (seq === undefined) return order.length - 1;
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((order[middle]?.seq ?? seq) < seq) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function matches({ head, replay, member }: Entry, query: TaskQuery): boolean {
  return (
    (query.ended === undefined || endedAs(head, replay !== undefined, query.ended)) &&
    (query.states.length === 0 || query.states.includes(head.state)) &&
    (query.queue === undefined || head.queue === query.queue) &&
    (query.name === undefined || head.name === query.name) &&
    (query.parentId === undefined || head.lineage?.parentId === query.parentId) &&
    (query.rootId === undefined || head.lineage?.rootId === query.rootId) &&
    (query.canvas === undefined || member?.canvas === query.canvas) &&
    (query.tag === undefined || head.tags.includes(query.tag)) &&
    (query.createdFrom === undefined || head.createdAt >= query.createdFrom) &&
    (query.createdTo === undefined || head.createdAt < query.createdTo)
  );
}

function endedAs(head: TaskHead, isReplayed: boolean, ended: EndedQuery): boolean {
  const { reason, endedAt } = head;
  return (
    endedAt !== undefined &&
    (ended.reasons.length === 0 || (reason !== undefined && ended.reasons.includes(reason))) &&
    (ended.from === undefined || endedAt >= ended.from) &&
    (ended.to === undefined || endedAt < ended.to) &&
    (ended.isReplayed === undefined || ended.isReplayed === isReplayed)
  );
}

const bytesOf = (entry: Entry): number =>
  entry.content.length + (entry.result?.length ?? 0) + (entry.failure?.length ?? 0) + linkedBytes(entry);

const basicTaskOf = (entry: Entry): Task => ({
  ...headOf(entry),
  ...{ place: entry.member, next: entry.next },
  content: new Uint8Array(),
  result: undefined,
  failure: undefined,
});
