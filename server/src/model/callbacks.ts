/** The tasks that a barrier makes at its ends besides what it starts. Pure. */

import { idsNextTo } from "../lib/digest.ts";
import { isAttempted } from "./barrier-state.ts";
import type { Barrier, BarrierEnd, BarrierHead } from "./canvas.ts";
import { type BarrierId, type Instant, type Namespace, type TaskId, taskIdOf, taskNameOf } from "./ids.ts";
import type { Left } from "./node-end.ts";
import { made } from "./part-start.ts";
import type { NewTask } from "./task.ts";

/**
 * The callbacks of a barrier of which there is news; also those for first attempts, where it was not the end of one that completed them: it has
 * no members, or was sealed last. What was made before is not made again.
 */
export function callbacksOf(barrier: Barrier, now: Instant): readonly NewTask[] {
  if (barrier.state === "cancelled") return [];
  const ends: BarrierEnd[] = barrier.state === "open" ? [] : [barrier.state, "completed"];
  if (isAttempted(barrier)) ends.push("attempted");
  return ends.flatMap((on) => called(barrier, on, now));
}

/** The tasks that are made for an end of a barrier. */
export function called(barrier: Barrier, on: BarrierEnd, now: Instant): readonly NewTask[] {
  const { namespace, lineage, id } = barrier;
  return barrier.callbacks
    .filter((callback) => callback.on === on)
    .map((callback, place) => {
      const left = on === "failed" ? (failureLeft(barrier) ?? leftBy(barrier)) : leftBy(barrier);
      const hands = on === "attempted" ? undefined : callback.hands;
      const task = { ...callback, hands, id: callback.ownId ?? callbackId(namespace, id, on, place) };
      return made(task, { namespace, left, lineage }, now);
    });
}

/** The id of a callback of a barrier: by its place among those for the same end. */
export const callbackId = (namespace: Namespace, barrier: BarrierId, on: BarrierEnd, place: number): TaskId =>
  taskIdOf(idsNextTo(barrier, ["callback", namespace, barrier])(`${on}.${place}`));

/** What a barrier leaves: the results of its members, which are read when somebody wants them. */
export const leftBy = ({ id, lineage }: BarrierHead): Left => ({
  from: taskIdOf(id),
  fromName: taskNameOf(""),
  rootId: lineage.rootId,
  on: "succeeded",
  data: undefined,
  reason: undefined,
  attempt: 0,
  isBarrier: true,
});

/** What made it fail, for its error callbacks. */
function failureLeft({ cause, lineage }: BarrierHead): Left | undefined {
  if (cause?.task === undefined) return undefined;
  const { task, name, reason, attempt, failure } = cause;
  return {
    ...{
      from: task,
      fromName: name ?? taskNameOf(""),
      rootId: lineage.rootId,
      on: "failed",
      data: failure,
      attempt,
    },
    reason: reason === "deadline" || reason === "not_made" ? undefined : reason,
  };
}
