import type { Namespace } from "../model/ids.ts";
import type { TaskHead } from "../model/task.ts";
import type { EditedTask } from "../model/task-edit.ts";
import type { QueueNews } from "./queue-hints.ts";
import { createTally } from "./tally.ts";

/** Who hears what edits have made ready or scheduled. */
export type EditNews = QueueNews;

/** A task as it was, and what was written. */
export type Edited = { readonly head: TaskHead; readonly edited: EditedTask };

/** Tells which queues have more to hand out than before, and when the next scheduled task is due. */
export function tellEdited(news: EditNews, namespace: Namespace, done: readonly Edited[]): void {
  const tally = createTally(namespace);
  for (const { head, edited } of done) {
    if (edited.state === "scheduled") tally.scheduled(edited.notBefore);
    else if (head.state !== "ready" || head.queue !== edited.queue) tally.ready(edited.queue);
  }
  tally.tell(news);
}
