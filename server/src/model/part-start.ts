/** What a part of a canvas is once it starts. Pure. */

import { type Opening, opened } from "./barrier-state.ts";
import type { Barrier, Part, PartTask } from "./canvas.ts";
import { madeAt } from "./continuation.ts";
import type { Instant, Namespace } from "./ids.ts";
import type { Left, NodeEnd } from "./node-end.ts";
import type { Place } from "./place.ts";
import type { Lineage, NewTask, TaskInput } from "./task.ts";

/** Tasks and barriers that have come into being. */
export type Started = { readonly tasks: readonly NewTask[]; readonly barriers: readonly Barrier[] };

/** A part that starts. */
export function startedBy(
  part: Part,
  { namespace, left, lineage, place }: Pick<NodeEnd, "namespace" | "left" | "lineage" | "place">,
  now: Instant,
): Started {
  const canvas = place?.canvas;
  return {
    tasks: part.tasks.map((task) => made(task, { namespace, left, lineage }, now)),
    barriers: part.barriers.map((barrier) =>
      opened(barrier, { namespace, lineage, canvas: barrier.place?.canvas ?? canvas, now }),
    ),
  };
}

/** What starts by itself. */
type AtOnce = Pick<Opening, "namespace" | "lineage" | "ended"> & { readonly place: Pick<Place, "canvas"> };

/** A part that starts by itself: nothing is before it that it could be handed, unless it says so. */
export function startedAtOnce(
  part: Pick<Part, "tasks" | "barriers">,
  { namespace, lineage, place: { canvas }, ended }: AtOnce,
  now: Instant,
): Started {
  return {
    tasks: part.tasks.map((task) => ({
      ...madeAt(task, now),
      ...{ namespace, id: task.id, lineage },
      ...{ replayOf: task.resumes?.replayOf, input: task.resumes?.input },
    })),
    barriers: part.barriers.map((barrier) => opened(barrier, { namespace, lineage, canvas, now, ended })),
  };
}

type After = { readonly namespace: Namespace; readonly left: Left; readonly lineage: Lineage };

/** A task that is made by an end. */
export function made(task: PartTask, { namespace, left, lineage }: After, now: Instant): NewTask {
  const { id } = task;
  return { ...madeAt(task, now), namespace, id, replayOf: undefined, lineage, input: handed(task, left) };
}

/** What a task is handed of what is left to it. */
export const handed = ({ hands }: Pick<PartTask, "hands">, left: Left): TaskInput => ({
  ...left,
  isHanded: hands !== undefined,
  member: hands?.member,
  data: hands && left.data,
});
