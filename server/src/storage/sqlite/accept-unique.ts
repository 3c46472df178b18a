import type { Refusal } from "../../model/admission.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { transition } from "../../model/task-machine.ts";
import { decideConflict, type UniqueWish } from "../../model/unique.ts";
import type { AcceptVerdict } from "../../ports/task-store.ts";
import { states } from "../sql/codes.ts";
import { type HeadRow, headColumns, headOf, isTied } from "../sql/task-row.ts";
import type { Holder } from "./claims.ts";
import { createDebounce, type Waiting } from "./debounce.ts";
import { query } from "./files/connection.ts";
import { createFind } from "./find.ts";
import { headJoins } from "./head-joins.ts";
import { createTransition } from "./transition.ts";
import type { Writing } from "./writing.ts";

/** A task that claims a key. */
export type UniqueTask = NewTask & { readonly unique: UniqueWish };

/** Stores a task, whatever its key. */
export type StoreTask = (task: NewTask, now: Instant) => AcceptVerdict;

/** Makes the acceptance of tasks that claim a key, whose ids are new; as accept has it where they were promised. */
export function createAcceptUnique(
  writing: Writing,
  store: StoreTask,
  isPromised: boolean,
): (task: UniqueTask, now: Instant) => AcceptVerdict {
  const { db, queues, claims, backlog } = writing;
  const cancel = createTransition(writing, "TRUE");
  const debounce = createDebounce(writing);
  const find = createFind(writing);
  const select = query<HeadRow>(db, `SELECT ${headColumns} FROM tasks t ${headJoins} WHERE t.seq = ?`);

  /** Stores a task, and lets it take its key when `before` has made that free. */
  function take(task: UniqueTask, now: Instant, before?: () => void): AcceptVerdict {
    const verdict = store(task, now);
    if (verdict !== "accepted") return verdict;
    const stored = find(task);
    if (stored === undefined) throw new Error("a task that was accepted is not there");
    before?.();
    claims.take(queues.makeNamespace(task.namespace), { seq: stored.seq, task, now });
    return verdict;
  }

  function cancelWaiting({ seq, head, isTied }: Waiting, now: Instant): void {
    const queue = queues.find(head.namespace, head.queue);
    const change = transition(head, { kind: "replace" }, now);
    if (queue === undefined || change === undefined) throw new Error("a task that waits cannot be replaced");
    const target = { ...head, seq, queue, state: states.code(head.state), isTied };
    cancel(target, { change, now, outcomeHash: undefined });
    claims.giveUp(seq);
    claims.count(seq);
  }

  /** The newcomer is stored first: where there is no queue for it, the one that waits is left alone. */
  function replace(task: UniqueTask, waiting: Waiting, now: Instant): AcceptVerdict {
    const verdict = take(task, now, () => cancelWaiting(waiting, now));
    return verdict === "accepted" ? { unique: "replaced", holder: waiting.head.id } : verdict;
  }

  /** Why a task may not be written over what waits in its queue. */
  function refusalOf(task: NewTask, seq: number): Refusal | undefined {
    const queue = queues.find(task.namespace, task.queue);
    return queue && backlog.refusalToRewrite(queue, seq, task);
  }

  return (task, now) => {
    const space = queues.namespaceId(task.namespace);
    const holder = space === undefined ? undefined : claims.holderOf(space, task.unique.key, now);
    if (holder === undefined) return take(task, now);
    const row = select.get(holder.seq);
    // Its record is gone, and its claim lasts longer.
    const waiting = row && waitingOf(row, holder);
    const conflict = waiting === undefined ? lasting(task) : decideConflict(waiting.head, task);
    if (conflict === "replace" && waiting !== undefined) return replace(task, waiting, now);
    const refusal = conflict === "update" && !isPromised ? refusalOf(task, holder.seq) : undefined;
    if (refusal !== undefined) return refusal;
    claims.count(holder.seq);
    if (conflict !== "update" || waiting === undefined)
      return { unique: conflict === "taken" ? "taken" : "kept", holder: holder.taskId };
    debounce(task, waiting, now);
    return { unique: "updated", holder: holder.taskId };
  };
}

const waitingOf = (row: HeadRow, { seq, startBy }: Holder): Waiting => ({
  seq,
  startBy,
  head: headOf(row),
  isTied: isTied(row),
});

const lasting = ({ unique }: UniqueTask): "kept" | "taken" =>
  unique.onConflict === "reject" ? "taken" : "kept";
