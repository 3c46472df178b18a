import type { Namespace } from "../model/ids.ts";
import type { TaskPage, TaskQuery, TaskStore } from "../ports/task-store.ts";

/** Which tasks of a tag: `bytesMax` and `full` only matter where contents are read. */
export type Tagged = Pick<TaskQuery, "states" | "limit"> &
  Partial<Pick<TaskQuery, "after" | "bytesMax" | "full">> & { readonly tag: string };

/** One page of the tasks of a tag, newest first. */
export const listTagged = (
  store: Pick<TaskStore, "list">,
  namespace: Namespace,
  tagged: Tagged,
): Promise<TaskPage> =>
  store.list({
    ...{ queue: undefined, name: undefined, createdFrom: undefined, createdTo: undefined, after: undefined },
    ...{ bytesMax: Number.MAX_SAFE_INTEGER, full: false },
    ...tagged,
    namespace,
  });
