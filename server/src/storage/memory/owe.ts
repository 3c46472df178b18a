import type { Barrier, Growth, Part } from "../../model/canvas.ts";
import { endOf, endOfTask, notMade } from "../../model/canvas-end.ts";
import { heldUntil } from "../../model/canvas-records.ts";
import { type CanvasId, type Instant, type Namespace, type PartId, rootOf } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { Continuation, TaskChange } from "../../model/task-machine.ts";
import type { Entry } from "./entry.ts";
import { copyOf } from "./kept-link.ts";
import type { State } from "./state.ts";

/** Notes what the end of a task means to others, which has been written; the verb that ended it takes it in before it is over. */
export function continueAfter(
  state: State,
  { head, links = [], result, failure, member: place, next }: Entry,
  { change, now, continues }: { change: TaskChange; now: Instant; continues: Continuation },
): void {
  const { namespace, id, name, lineage } = head;
  const { reason, attempt } = change;
  const { on, unkept, isLast = false } = continues;
  const data = on === "succeeded" ? (copyOf(unkept) ?? result) : failure;
  const part = next && place && partAt(state, namespace, place.canvas, next);
  const ended = { namespace, id, name, lineage, on, reason, attempt, data, isLast, place, next: part, links };
  state.owed.push({ kind: "end", end: endOfTask(ended, now), now });
}

/** Notes what a settlement adds to the canvas of its task. */
export function growAfter(state: State, { head, member }: Entry, growth: Growth, now: Instant): void {
  if (member !== undefined) state.owed.push({ kind: "growth", head, place: member, growth, now });
}

/** Notes that a barrier has ended. */
export function barrierEnded(state: State, barrier: Barrier, now: Instant): void {
  const { namespace, canvas, next } = barrier;
  const end = endOf(barrier, next && partAt(state, namespace, canvas, next), now);
  state.owed.push({ kind: "end", end, now });
}

/** Notes that a task of a canvas could not be made. */
export const taskNotMade = (state: State, task: NewTask, now: Instant): void =>
  void state.owed.push({ kind: "end", end: notMade(task), now });

/** A part of a canvas that was kept when the canvas, or what has grown in it, came. */
export const partAt = (
  { spaces }: State,
  namespace: Namespace,
  canvas: CanvasId,
  id: PartId,
): Part | undefined => spaces.get(namespace)?.canvases.parts.get(canvas)?.get(id);

/** Until when a task is kept that was to go, because there is a canvas that it is in. Undefined: there is none. */
export function untilCanvasEnds(
  { spaces }: State,
  { head, member }: Entry,
  now: Instant,
): Instant | undefined {
  const canvas = member && spaces.get(head.namespace)?.canvases.barriers.get(rootOf(member.canvas));
  return canvas && heldUntil(canvas.barrier.canvasFacts?.purgeAt, now);
}
