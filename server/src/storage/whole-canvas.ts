import type { NewCanvas } from "../model/canvas.ts";

/** A canvas all of which is there, for stores that take it as one thing. Throws what is wrong with a task. */
export function wholeCanvas(canvas: NewCanvas): NewCanvas {
  const { bulk, start, parts } = canvas;
  if (bulk === undefined) return canvas;
  const slices = [...bulk.slices()];
  return {
    ...canvas,
    start: { ...start, tasks: [...start.tasks, ...slices.flatMap(({ tasks }) => tasks)] },
    bulk: undefined,
    parts: [...parts, ...slices.flatMap(({ parts: more }) => more)],
  };
}
