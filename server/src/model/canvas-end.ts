/** What the end of a task or of a barrier is to its canvas. Pure. */

import { callbacksOf, leftBy } from "./callbacks.ts";
import type { Barrier, Cause, Part } from "./canvas.ts";
import { unmadeAs } from "./canvas-records.ts";
import { childrenOf, type EndedTask } from "./continuation.ts";
import type { Instant } from "./ids.ts";
import type { NodeEnd } from "./node-end.ts";
import type { Place } from "./place.ts";
import type { Lineage, Link, NewTask } from "./task.ts";

/** A task that has ended, or whose first attempt has, with what a store keeps of it. */
export type EndedMember = Omit<EndedTask, "on" | "rootId"> & {
  readonly on: NodeEnd["on"];
  readonly isLast: boolean;
  readonly lineage: Lineage | undefined;
  readonly place: Place | undefined;
  readonly next: Part | undefined;
  readonly links: readonly Link[];
};

/** What the end of a task is to its canvas, where it is in one, and what it makes besides. */
export function endOfTask(task: EndedMember, now: Instant): NodeEnd {
  const { namespace, place, on, isLast, id, name, next, links, reason, attempt, data, lineage } = task;
  const rootId = lineage?.rootId ?? id;
  const linked = on === "succeeded" || on === "failed" ? on : undefined;
  return {
    ...{ namespace, place, on, isLast, next, source: { kind: "task", id } },
    left: { from: id, fromName: name, rootId, on: linked ?? "failed", data, reason, attempt },
    lineage: { parentId: id, rootId },
    cause: causeOf(task),
    besides:
      linked === undefined || isLast
        ? []
        : childrenOf(links, { namespace, id, name, rootId, on: linked, reason, attempt, data }, now),
  };
}

/** Why a task did not succeed, or did, and starts nothing because somebody wanted no more of it. */
function causeOf({ on, isLast, reason, id, name, attempt, data }: EndedMember): Cause | undefined {
  if (on === "attempted" || (on === "succeeded" && !isLast)) return undefined;
  return on === "succeeded"
    ? { state: "cancelled", reason: "cancel_requested", task: id, name, attempt, failure: undefined }
    : { state: on, reason, task: id, name, attempt, failure: data };
}

/**
 * A barrier of which there is news, as what is above it sees it; `next` is the part that it starts. Of one that goes on that is nothing: it
 * only makes its callbacks for first attempts.
 */
export const endOf = (barrier: Barrier, next: Part | undefined, now: Instant): NodeEnd => ({
  namespace: barrier.namespace,
  place: barrier.state === "open" ? undefined : barrier.place,
  on: barrier.state === "open" ? "attempted" : barrier.state,
  isLast: false,
  source: { kind: "barrier", id: barrier.id },
  next,
  left: leftBy(barrier),
  lineage: barrier.lineage,
  cause: barrier.cause,
  besides: callbacksOf(barrier, now),
});

/** The end of a task that could not be made: its id or its key is another's. */
export const notMade = ({ namespace, id, name, place, lineage }: NewTask): NodeEnd => ({
  ...{
    namespace,
    place,
    on: "failed",
    isLast: true,
    source: { kind: "task", id: unmadeAs(id) },
    next: undefined,
    besides: [],
  },
  left: {
    ...{ from: id, fromName: name, rootId: lineage?.rootId ?? id, on: "failed", data: undefined },
    ...{ reason: undefined, attempt: 0 },
  },
  lineage: lineage ?? { parentId: undefined, rootId: id },
  cause: { state: "failed", reason: "not_made", task: id, name, attempt: 0, failure: undefined },
});
