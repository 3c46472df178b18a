/** What is added to a barrier that goes on. Pure. */

import type { Barrier, Growth, Part } from "./canvas.ts";
import type { BarrierId } from "./ids.ts";
import type { Place } from "./place.ts";

/** A barrier as it is before it grows. */
type Grown = Pick<Barrier, "id" | "size">;

/**
 * A part of what is added to a barrier, with the places of further members counted from those that are there: both of the part that starts
 * and of those that follow it, which end as the same members.
 */
export const growthAt = (members: Part, barrier: Grown): Part => ({
  ...members,
  barriers: members.barriers.map((one) => ({ ...one, place: one.place && shifted(one.place, barrier) })),
  tasks: members.tasks.map((one) => ({
    ...one,
    task: { ...one.task, place: one.task.place && shifted(one.task.place, barrier) },
  })),
});

const shifted = (place: Place, { id, size }: Grown): Place =>
  place.barrier === id ? { ...place, index: place.index + size } : place;

/** What takes the place of a task whose first attempt has been told of: that is not told again by its end. */
export function triedInPlace(growth: Growth): Growth {
  const { replacement } = growth;
  const [outermost, ...barriers] = replacement?.barriers ?? [];
  if (replacement === undefined || outermost?.place === undefined) return growth;
  const tried = { ...outermost, place: { ...outermost.place, isTried: true } };
  return { ...growth, replacement: { ...replacement, barriers: [tried, ...barriers] } };
}

/** How many members a growth adds to the barrier of its task. */
export const addedBy = (members: Part, barrier: BarrierId): number =>
  members.tasks.filter(({ task }) => task.place?.barrier === barrier).length +
  members.barriers.filter(({ place }) => place?.barrier === barrier).length;
