import type { LimitKind, LimitRef } from "../../model/gate.ts";
import { isBefore, type LimitedGate } from "../../model/gatekeeper.ts";
import type { TaskRef } from "../../model/ids.ts";
import { stopOf } from "../../model/namespace.ts";
import type { LimitStanding, TaskStanding } from "../../model/standing.ts";
import type { Entry } from "./entry.ts";
import { limitAt, membersOf } from "./gates.ts";
import { headOf } from "./read.ts";
import { find, type State } from "./state.ts";

/** Where a task stands among all that decides whether it runs. */
export function readStanding(state: State, ref: TaskRef, aheadMax: number): TaskStanding | undefined {
  const entry = find(state, ref);
  if (entry === undefined) return undefined;
  const ahead = countBefore(entry, free(entry), aheadMax);
  const { orderingKey, queue } = entry;
  const order = orderingKey === undefined ? undefined : state.gates.orders.get(orderingKey);
  const first = order?.values().next().value ?? entry;
  return {
    head: headOf(entry),
    stop: stopOf(state.spaces.get(ref.namespace)?.record),
    isQueueDeleting: queue.life === "deleting",
    pause: queue.pause,
    first: first === entry ? undefined : { id: first.head.id, state: first.head.state },
    limits: [
      ...gateStanding(state, entry, "key", aheadMax),
      ...gateStanding(state, entry, "name", aheadMax),
      ...queueStanding(state, entry, ahead),
    ],
    ahead,
  };
}

function gateStanding(state: State, entry: Entry, kind: "key" | "name", aheadMax: number): LimitStanding[] {
  const text = kind === "key" ? entry.limitKey : entry.limitName;
  const live = text === undefined ? undefined : limitAt(state.gates, refOf(entry, kind));
  if (text === undefined || live === undefined) return [];
  const gate: LimitedGate = { kind, text };
  const { leased, lines } = membersOf(state.gates, gate);
  const passed = lines.values().flatMap(({ unclaimed }) => unclaimed.keys());
  return [{ ...live, leased: leased.size, ahead: countBefore(entry, passed, aheadMax) }];
}

function queueStanding(state: State, entry: Entry, ahead: number): LimitStanding[] {
  const live = limitAt(state.gates, refOf(entry, "queue"));
  return live === undefined ? [] : [{ ...live, leased: entry.queue.depth.leased, ahead }];
}

function refOf({ head, queue }: Entry, kind: LimitKind): LimitRef {
  const subject = { queue: queue.name, name: head.name, key: head.ties?.limitKey ?? "" }[kind];
  return { namespace: head.namespace, kind, subject };
}

/** Those of its queue that stand free. */
function* free({ queue }: Entry): Iterable<Entry> {
  for (const { ready } of queue.lanes.values()) yield* ready.items();
}

function countBefore(entry: Entry, others: Iterable<Entry>, aheadMax: number): number {
  if (entry.head.state !== "ready") return 0;
  let count = 0;
  for (const each of others) {
    if (count > aheadMax) break;
    if (each.queue === entry.queue && isBefore(each, entry)) count += 1;
  }
  return count;
}
