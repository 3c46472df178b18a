/** How long the records of a canvas are kept, and under which ids things are remembered that are no tasks: no task can have these. */

import { type CanvasId, type Instant, plus, type TaskId, taskIdOf } from "./ids.ts";

/** How long a task that its canvas needs is held before somebody looks again, at most. */
const heldMs = 3_600_000;

/** Until when an ended task is kept because of its canvas, which is kept until `purgeAt` where that is known. */
export function heldUntil(purgeAt: Instant | undefined, now: Instant): Instant {
  const soon = plus(now, heldMs);
  return purgeAt !== undefined && purgeAt > soon ? purgeAt : soon;
}

/** Under which id a canvas that was removed is remembered among tasks that were: no task can have it. */
export const rememberedAs = (canvas: CanvasId): TaskId => taskIdOf(`canvas ${canvas}`);

const unmadePrefix = "not made ";

/** Under which id a member is kept that was to be a task, which could not be made: its own is that of another task, or of none. */
export const unmadeAs = (id: TaskId): TaskId => taskIdOf(`${unmadePrefix}${id}`);

/** The id that a task would have had which could not be made; undefined: that is not what it was kept under. */
export const unmadeOf = (id: TaskId): TaskId | undefined =>
  id.startsWith(unmadePrefix) ? taskIdOf(id.slice(unmadePrefix.length)) : undefined;
