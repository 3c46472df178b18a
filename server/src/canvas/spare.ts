/**
 * A task whose unique key is another's is not made, and nothing of it is left but that it failed. So a canvas keeps those that claim a key
 * and start at once as parts, too, which nothing starts but a retry.
 */

import type { Part, PartTask } from "../model/canvas.ts";
import { type PartId, partIdOf, type TaskId } from "../model/ids.ts";

/** The parts that a retry finds tasks in which were not made when they were to start at once. */
export const sparesOf = (tasks: readonly PartTask[]): readonly Part[] =>
  tasks
    .filter(({ task }) => task.unique !== undefined)
    .map((task) => ({ id: spareIdOf(task.id), barriers: [], tasks: [task] }));

/** The part that has a task, if that claims a key and was to start at once. No other part has such a name. */
export const spareIdOf = (task: TaskId): PartId => partIdOf(`!${task}`);
