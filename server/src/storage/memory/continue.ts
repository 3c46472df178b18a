import { childrenOf } from "../../model/continuation.ts";
import type { Bytes, Instant } from "../../model/ids.ts";
import type { Link, NewTask } from "../../model/task.ts";
import type { Continuation, TaskChange } from "../../model/task-machine.ts";
import type { Entry } from "./entry.ts";
import type { State } from "./state.ts";

/** What a new task says of its links, and what it is handed: kept whatever becomes of the buffers that it came in. */
export const keptLinks = ({ links, input }: NewTask): Pick<Entry, "links" | "input"> => ({
  links: links?.map(keptLink),
  input: input && { ...input, data: copyOf(input.data) },
});

const keptLink = (link: Link): Link => ({
  ...link,
  task: {
    ...link.task,
    content: new Uint8Array(link.task.content),
    ...(link.task.links && { links: link.task.links.map(keptLink) }),
  },
});

const copyOf = (data: Bytes | undefined): Bytes | undefined => data && new Uint8Array(data);

/** Notes what the end of a task makes, which has been written; the verb that ended it takes it in before it is over. */
export function continueAfter(
  state: State,
  { head, links = [], result, failure }: Entry,
  { change, now, continues }: { change: TaskChange; now: Instant; continues: Continuation },
): void {
  const { namespace, id, name, lineage } = head;
  const { reason, attempt } = change;
  const { on, unkept } = continues;
  const data = on === "succeeded" ? (copyOf(unkept) ?? result) : failure;
  const parent = { namespace, id, name, rootId: lineage?.rootId, on, reason, attempt, data };
  for (const task of childrenOf(links, parent, now)) state.owed.push({ task, now });
}
