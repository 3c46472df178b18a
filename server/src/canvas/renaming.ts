/** What stays the same in another canvas, under ids of its own. Pure; the same always has the same ids. */

import { idsNextTo } from "../lib/digest.ts";
import type { NewBarrier, Part, PartTask } from "../model/canvas.ts";
import { renewed, withNewLinks } from "../model/continuation.ts";
import {
  type BarrierId,
  barrierIdOf,
  type CanvasId,
  type Namespace,
  type PartId,
  partIdOf,
  rootOf,
  type TaskId,
  taskIdOf,
} from "../model/ids.ts";
import type { Place } from "../model/place.ts";

/** Which canvas goes on as which other one. */
export type Renamed = { readonly namespace: Namespace; readonly from: CanvasId; readonly to: CanvasId };

/** How things of one canvas are called in the other one. */
export type Renaming = {
  readonly barrierId: (id: BarrierId) => BarrierId;
  readonly taskId: (id: TaskId) => TaskId;
  readonly standing: (standing: Standing) => Standing;
  readonly barrier: (barrier: NewBarrier) => NewBarrier;
  readonly task: (task: PartTask) => PartTask;
  readonly part: (part: Part) => Part;
};

/** Where a task is, and what follows it. */
export type Standing = { readonly place?: Place | undefined; readonly next?: PartId | undefined };

/** Makes it. */
export function createRenaming({ namespace, from, to }: Renamed): Renaming {
  const idOf = idsNextTo(to, ["retry", namespace, to]);
  const barrierId = (id: BarrierId): BarrierId => (id === rootOf(from) ? rootOf(to) : barrierIdOf(idOf(id)));
  const placeOf = (place: Place): Place => ({ ...place, canvas: to, barrier: barrierId(place.barrier) });
  const taskId = (id: TaskId): TaskId => taskIdOf(idOf(id));
  const partId = (id: PartId): PartId => partIdOf(idOf(id));
  const standing = ({ place, next }: Standing): Standing => ({
    place: place && placeOf(place),
    next: next && partId(next),
  });
  const barrier = (one: NewBarrier): NewBarrier => ({
    ...{ id: barrierId(one.id), shape: one.shape, onMemberFailure: one.onMemberFailure },
    ...{ size: one.size, isSealed: one.isSealed, callbacks: renewed(one.callbacks) },
    ...{ place: one.place && placeOf(one.place), next: one.next && partId(one.next) },
  });
  const task = (one: PartTask): PartTask => ({
    ...one,
    id: taskId(one.id),
    task: { ...withNewLinks(one.task), ...standing(one.task) },
  });
  const part = ({ id, barriers, tasks }: Part): Part => ({
    ...{ id: partId(id), barriers: barriers.map(barrier), tasks: tasks.map(task) },
  });
  return { barrierId, taskId, standing, barrier, task, part };
}
