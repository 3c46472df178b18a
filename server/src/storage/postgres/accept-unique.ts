import { type Refusal, refusalToRewrite } from "../../model/admission.ts";
import { quotaBytes } from "../../model/continuation.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { transition } from "../../model/task-machine.ts";
import { decideConflict, type UniqueWish } from "../../model/unique.ts";
import type { AcceptVerdict } from "../../ports/task-store.ts";
import { quotaBytesOf } from "./backlog.ts";
import { type Holder, holderOf } from "./claims.ts";
import { debounce } from "./debounce.ts";
import { homeOf } from "./open-queue.ts";
import { createRows, type Row } from "./rows.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";
import { writeRows } from "./write-rows.ts";

/** A task that claims a key, and when. */
export type UniqueEntering = {
  readonly task: NewTask & { readonly unique: UniqueWish };
  readonly now: Instant;
  readonly isPromised: boolean;
};

const countOne = statement("UPDATE unique_claims SET duplicates = duplicates + 1 WHERE seq = $1");
const giveUp = statement("UPDATE unique_claims SET newest = false WHERE seq = $1");

/** Accepts a task whose id is new and whose key somebody may have; `store` stores it, and lets it take its key. */
export async function acceptUnique(
  work: Work,
  { task, now, isPromised }: UniqueEntering,
  store: () => Promise<AcceptVerdict>,
): Promise<AcceptVerdict> {
  const holder = await holderOf(work, task, now);
  if (holder === undefined) return store();
  const home = homeOf(work, task);
  if (home !== undefined) await work.rooms.load([home], []);
  const rows = createRows(work);
  const [row] = await rows.lockSeqs([holder.seq]);
  // Its record may be gone, and its claim last longer.
  const conflict = row === undefined ? lasting(task.unique) : decideConflict(row.head, task);
  if (conflict === "replace" && row !== undefined) {
    const verdict = await store();
    // Where there is no queue for the newcomer, the one that waits is left alone.
    if (verdict !== "accepted") return verdict;
    await replace(work, { rows, row, holder }, now);
    return { unique: "replaced", holder: holder.taskId };
  }
  const refusal =
    conflict === "update" && !isPromised ? await refusalToUpdate(work, task, holder.seq) : undefined;
  if (refusal !== undefined) return refusal;
  await work.db.run(countOne, holder.seq);
  if (conflict !== "update" || row === undefined)
    return { unique: conflict === "taken" ? "taken" : "kept", holder: holder.taskId };
  await debounce(work, { task, rows, row, startBy: holder.startBy }, now);
  return { unique: "updated", holder: holder.taskId };
}

type Replaced = { readonly rows: ReturnType<typeof createRows>; readonly row: Row; readonly holder: Holder };

async function replace(work: Work, { rows, row, holder }: Replaced, now: Instant): Promise<void> {
  const change = transition(row.head, { kind: "replace" }, now);
  if (change === undefined) throw new Error("a task that waits cannot be replaced");
  rows.change(row, { change, now });
  await writeRows(work, rows);
  await work.db.run(giveUp, holder.seq);
  await work.db.run(countOne, holder.seq);
}

/** Why a task may not be written over what waits in its queue. */
async function refusalToUpdate(work: Work, task: NewTask, seq: number): Promise<Refusal | undefined> {
  const { db, rooms } = work;
  const queue = homeOf(work, task);
  if (queue === undefined) return undefined;
  const moreBytes = quotaBytes(task) - ((await quotaBytesOf(db, [seq])).get(seq) ?? 0);
  return refusalToRewrite(rooms.space(task.namespace), rooms.queue(queue), moreBytes);
}

const lasting = ({ onConflict }: UniqueWish): "kept" | "taken" =>
  onConflict === "reject" ? "taken" : "kept";
