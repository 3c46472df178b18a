import { refusalToGrow } from "../../model/admission.ts";
import { waitingUntil } from "../../model/deadline.ts";
import { isWaiting } from "../../model/task-edit.ts";
import type { EditVerdict, GuardedEdit } from "../../ports/admin-store.ts";
import type { Verb } from "./lane.ts";
import { queueToMoveTo } from "./open-queue.ts";
import { contentBytesOf, rewriteContent } from "./rewrite-content.ts";
import { createRows, type Row, type Rows } from "./rows.ts";
import type { Work } from "./work.ts";
import { writeRows } from "./write-rows.ts";

/** Rewrites tasks that wait, one after the other. */
export const edit: Verb<GuardedEdit, EditVerdict> = {
  isDurable: true,
  async run(work, edits) {
    const verdicts: EditVerdict[] = [];
    await loadQuotas(work, edits);
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
  const { content, ...written } = edited;
  const moreBytes = content === undefined ? 0 : content.length - (await contentBytesOf(work.db, row.seq));
  const refusal = refusalToGrow(work.rooms.space(ref.namespace), moreBytes);
  const queue = refusal ?? (isStaying ? row.queue : await queueToMoveTo(work, place, now));
  if ("refused" in queue) return queue;
  work.backlog.grows(queue, moreBytes);
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

/** How much there is in the namespaces whose tasks may become longer, before anything is locked. */
async function loadQuotas({ db, queues, rules, rooms }: Work, edits: readonly GuardedEdit[]): Promise<void> {
  const longer = edits.filter(
    ({ ref, edited }) =>
      edited.content !== undefined &&
      rules.spaces.get(ref.namespace)?.settings.quotas.backlogBytes !== undefined,
  );
  const names = [...new Set(longer.map(({ ref }) => ref.namespace))];
  const spaces = [];
  for (const name of names) spaces.push({ name, id: await queues.makeNamespace(db, name) });
  await rooms.load([], spaces);
}
