import { type Refusal, refusalToGrow, refusalToMove } from "../../model/admission.ts";
import { waitingUntil } from "../../model/deadline.ts";
import type { Instant } from "../../model/ids.ts";
import type { EditedTask } from "../../model/task-edit.ts";
import type { EditVerdict, GuardedEdit } from "../../ports/admin-store.ts";
import { codeOfReason, stateCode, states } from "../sql/codes.ts";
import { policyOfText } from "../sql/policy-text.ts";
import { command, type Database, query, type Value } from "./files/connection.ts";
import { createFind, defineContentHash } from "./find.ts";
import { type QueueEntry, roomOf } from "./queue-entry.ts";
import type { Writing } from "./writing.ts";

/** Makes edit: rewrites tasks that wait, at the revision on which that was decided. */
export function createEdit(writing: Writing): (edits: readonly GuardedEdit[]) => readonly EditVerdict[] {
  const { ledger, backlog, queues, gates } = writing;
  const find = createFind(writing);
  const rewrite = createRewrite(writing.db);
  const selectLength = query<[number]>(writing.db, "SELECT length(content) FROM contents WHERE seq = ?");
  const lengthOf = (seq: number): number => selectLength.get(seq)?.[0] ?? 0;
  const waitAnew = createWaitAnew(writing);

  /** Where an edited task goes; one that stays is asked nothing. */
  function queueFor({ ref, edited, now }: GuardedEdit, current: QueueEntry): QueueEntry | Refusal {
    if (edited.queue === current.name) return current;
    const queue = queues.open(ref.namespace, edited.queue, now);
    return "refused" in queue
      ? queue
      : (refusalToMove(queues.spaces.room(queue.space), roomOf(queue)) ?? queue);
  }

  function editOne(guarded: GuardedEdit): EditVerdict {
    const { ref, revision, edited, now } = guarded;
    const task = find(ref);
    if (task === undefined || task.revision !== revision) return "conflict";
    if (task.state !== stateCode.scheduled && task.state !== stateCode.ready) return "conflict";
    const { space } = task.queue;
    const moreBytes = edited.content === undefined ? 0 : edited.content.length - lengthOf(task.seq);
    const queue = refusalToGrow(queues.spaces.room(space), moreBytes) ?? queueFor(guarded, task.queue);
    if ("refused" in queue) return queue;
    backlog.grows(queue, moreBytes);
    // In a queue where keys take turns each task has its turn.
    const isBound = !task.isTied && queue !== task.queue && queue.turn !== undefined;
    if (isBound) gates.ties.bind(task.seq);
    const attempt = rewrite(task.seq, queue.id, { edited, now });
    if (task.isTied || isBound) gates.edited(task.seq, queue, edited);
    if (task.state !== stateCode.ready || edited.state !== "ready") waitAnew(task.seq, edited.state, now);
    ledger.move(task.queue, task.state, undefined);
    ledger.move(queue, undefined, states.code(edited.state));
    const { reason } = edited;
    ledger.note(queue, { kind: "updated", reason, id: ref.id, revision: revision + 1, attempt, at: now });
    return "applied";
  }

  return (edits) => edits.map(editOne);
}

type WaitAnew = (seq: number, waitsAs: EditedTask["state"], now: Instant) => void;

/** One that begins to wait, for its time or for a worker, has waited too long at another time than before. */
function createWaitAnew({ db, deadlines }: Writing): WaitAnew {
  const select = query<[policy: string, createdAt: Instant]>(
    db,
    "SELECT c.policy, t.created_at FROM tasks t CROSS JOIN contents c ON c.seq = t.seq WHERE t.seq = ?",
  );
  return (seq, waitsAs, now) => {
    const [policy, createdAt] = select.get(seq) ?? [];
    if (policy === undefined || createdAt === undefined) return;
    const at = waitingUntil({ policy: policyOfText(policy), createdAt }, waitsAs, now);
    if (at !== undefined) deadlines.put(seq, at);
  };
}

type Rewriting = { readonly edited: EditedTask; readonly now: Instant };

/** Writes an edit into the rows of a task that was found to wait; answers the task's attempt, for its event. */
function createRewrite(db: Database): (seq: number, queue: number, rewriting: Rewriting) => number {
  // A task that becomes ready notes since when; one that was ready before has been so all along.
  const update = query<[number]>(
    db,
    `UPDATE tasks SET queue = ?1, priority = ?2, state = ?3, reason = ?4, revision = revision + 1,
       timer_at = CASE WHEN state = ${stateCode.ready} AND ?3 = ${stateCode.ready} THEN timer_at ELSE coalesce(?5, timer_at) END,
       not_before = ?6,
       content_bytes = content_bytes + coalesce(?7 - (SELECT length(content) FROM contents WHERE contents.seq = ?8), 0)
     WHERE seq = ?8 RETURNING attempt`,
  );
  defineContentHash(db);
  // What makes a repeat of the submission a duplicate is what was submitted, and stays.
  const rewriteContent = command(
    db,
    `UPDATE contents SET content = ?,
       hash = content_hash((SELECT n.name FROM namespaces n WHERE n.id = namespace), hash, content) WHERE seq = ?`,
  );

  return (seq, queue, { edited, now }) => {
    const { state, reason, priority, notBefore, content } = edited;
    const timerAt = state === "ready" ? now : (notBefore ?? null);
    const values: Value[] = [queue, priority, states.code(state), codeOfReason(reason), timerAt];
    const [row] = update.all(...values, notBefore ?? null, content?.length ?? null, seq);
    if (row === undefined) throw new Error("a task that was found is not there");
    if (content !== undefined) rewriteContent(content, seq);
    return row[0];
  };
}
