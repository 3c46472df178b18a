import { waitingUntil } from "../../model/deadline.ts";
import { isWaiting } from "../../model/task-edit.ts";
import type { EditVerdict, GuardedEdit } from "../../ports/admin-store.ts";
import type { Verb } from "./lane.ts";
import { queueToMoveTo } from "./open-queue.ts";
import { rewriteContent } from "./rewrite-content.ts";
import { createRows, type Row, type Rows } from "./rows.ts";
import type { Work } from "./work.ts";
import { writeRows } from "./write-rows.ts";

/** Rewrites tasks that wait, one after the other. */
export const edit: Verb<GuardedEdit, EditVerdict> = {
  isDurable: true,
  async run(work, edits) {
    const verdicts: EditVerdict[] = [];
    const rows = createRows(work);
    const locked = await rows.lock(edits.map(({ ref }) => ref));
    for (const [at, each] of edits.entries())
      verdicts.push(await editOne(work, { rows, row: locked[at] }, each));
    return verdicts;
  },
};

type Found = { readonly rows: Rows; readonly row: Row | undefined };

async function editOne(
  work: Work,
  { rows, row }: Found,
  { ref, revision, edited, now }: GuardedEdit,
): Promise<EditVerdict> {
  const { ledger, gates } = work;
  if (row === undefined || row.head.revision !== revision || !isWaiting(row.head)) return "conflict";
  const isStaying = edited.queue === row.queue.name;
  const place = { namespace: ref.namespace, queue: edited.queue };
  const queue = isStaying ? row.queue : await queueToMoveTo(work, place, now);
  if ("refused" in queue) return queue;
  const { content, ...written } = edited;
  const wasReady = row.head.state === "ready";
  const isMoved = queue !== row.queue;
  rows.replace(row, { ...row.head, ...written, revision: revision + 1 }, queue);
  if (!wasReady || edited.state !== "ready")
    row.deadlineAt = waitingUntil(row.head, edited.state, now) ?? row.deadlineAt;
  if (content !== undefined) await rewriteContent(work, row, content);
  await writeRows(work, rows);
  await gates.edited(row, { isMoved });
  const { id, attempt, reason } = row.head;
  ledger.note(queue, { kind: "updated", reason, id, revision: revision + 1, attempt, at: now });
  return "applied";
}
