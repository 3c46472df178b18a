import { attemptEnd } from "../../model/attempt.ts";
import type { Instant, TaskId } from "../../model/ids.ts";
import { isTerminal } from "../../model/task.ts";
import type { MoreChange, TaskChange } from "../../model/task-machine.ts";
import { codeOfReason, stateCode, states } from "../sql/codes.ts";
import { policyText } from "../sql/policy-text.ts";
import { createNoteAttempt } from "./attempts.ts";
import { command, type Value } from "./files/connection.ts";
import { isLive, type QueueEntry } from "./queue-entry.ts";
import type { Writing } from "./writing.ts";

/** The row that a change is meant for, as it was read in this transaction or remembered from an earlier one. */
export type Target = {
  readonly seq: number;
  readonly id: TaskId;
  readonly queue: QueueEntry;
  readonly state: number;
  readonly revision: number;
  readonly isTied: boolean;
};

/** A transition, and how the newest lease was settled if that is what it is. */
export type Decided = {
  readonly change: TaskChange;
  readonly now: Instant;
  readonly outcomeHash: number | undefined;
};

/**
 * Writes a decided change with its event and its counts. False, and nothing written, where the row is no longer the target or the
 * guard does not hold; `guardValues` are the parameters ?15 and following of its text.
 */
export type WriteTransition = (target: Target, decided: Decided, ...guardValues: Value[]) => boolean;

/** What writing transitions needs. */
export type TransitionDeps = Pick<
  Writing,
  | "db"
  | "ledger"
  | "backlog"
  | "limits"
  | "claims"
  | "gates"
  | "checkpoints"
  | "deadlines"
  | "shelves"
  | "continuations"
>;

/** Makes a writer of transitions. `guard` is SQL over the row: what must hold besides the target's revision and state. */
export function createTransition(
  {
    db,
    ledger,
    backlog,
    limits,
    claims,
    gates,
    checkpoints,
    deadlines,
    shelves,
    continuations,
  }: TransitionDeps,
  guard: string,
): WriteTransition {
  const noteAttempt = createNoteAttempt(db, limits);
  // A leased task that stays leased keeps its lease; a scheduled one waits for the time it has where it is given none.
  const update = command(
    db,
    `UPDATE tasks SET state = ?1, reason = ?2, revision = revision + 1, attempt = ?3, deliveries = max(0, deliveries + ?4),
       timer_at = CASE ?1 WHEN ${stateCode.leased} THEN timer_at
                          WHEN ${stateCode.scheduled} THEN coalesce(?5, not_before, 0)
                          ELSE ?5 END,
       not_before = coalesce(?6, not_before), ended_at = coalesce(?7, ended_at),
       outcome_hash = coalesce(?8, outcome_hash),
       cancel_at = coalesce(?9, cancel_at), cancel_reason = coalesce(?10, cancel_reason),
       cancel_requester = coalesce(?11, cancel_requester)
     WHERE seq = ?12 AND revision = ?13 AND state = ?14 AND ${guard}`,
  );
  const upsertResult = command(
    db,
    `INSERT INTO results (seq, result, failure) VALUES (?1, ?2, ?3)
     ON CONFLICT (seq) DO UPDATE SET result = coalesce(?2, result), failure = coalesce(?3, failure)`,
  );

  const setPolicy = command(db, "UPDATE contents SET policy = ? WHERE seq = ?");
  const setLimit = command(db, "UPDATE tasks SET limit_ms = ? WHERE seq = ?");

  function writeMore(seq: number, more: MoreChange, { purgeAt }: TaskChange): void {
    const { policy, checkpoint, waitUntil, claimUntil, keepNewest } = more;
    if (waitUntil !== undefined) deadlines.put(seq, waitUntil);
    if (policy !== undefined) {
      setPolicy(policyText(policy), seq);
      setLimit(policy.timeLimitMs ?? null, seq);
    }
    if (checkpoint !== undefined) checkpoints.put(seq, checkpoint);
    if (keepNewest !== undefined) shelves.put(seq, keepNewest);
    if (claimUntil === undefined) return;
    claims.release(seq, claimUntil);
    if (purgeAt !== undefined) claims.ended(seq, purgeAt);
  }

  return (target, decided, ...guardValues) => {
    const { change, now } = decided;
    const { seq, id, queue, revision } = target;
    const { reason, attempt, result, failure, event, more } = change;
    const state = states.code(change.state);
    if (update(...columnsOf(state, decided), seq, revision, target.state, ...guardValues) === 0) return false;
    const ended = attemptEnd(change, decided.outcomeHash !== undefined);
    if (ended !== undefined) noteAttempt(seq, revision + 1, { ...ended, endedAt: now, failure });
    if (result !== undefined || failure !== undefined) upsertResult(seq, result ?? null, failure ?? null);
    if (more !== undefined) writeMore(seq, more, change);
    if (more?.grows) continuations.grow({ seq, id, queue, growth: more.grows, now });
    if (more?.continues) continuations.owe({ seq, id, queue, change, continues: more.continues, now });
    if (target.isTied) gates.moved(seq, state);
    ledger.move(queue, target.state, state);
    if (!isLive(state)) backlog.ended(queue, seq);
    ledger.note(queue, { kind: event, reason, id, revision: revision + 1, attempt, at: now });
    return true;
  };
}

/** The parameters ?1 to ?11. */
const columnsOf = (state: number, { change, now, outcomeHash }: Decided): Value[] => [
  state,
  codeOfReason(change.reason),
  change.attempt,
  change.deliveriesDelta,
  timerOf(change, now) ?? null,
  change.notBefore ?? null,
  change.endedAt ?? null,
  outcomeHash ?? null,
  change.cancel?.at ?? null,
  change.cancel?.reason ?? null,
  change.cancel?.requester ?? null,
];

/** When the task's next turn is: due, removable; a ready task has none, and notes since when it is ready. */
export function timerOf({ state, notBefore, purgeAt }: TaskChange, now: Instant): Instant | undefined {
  if (state === "scheduled") return notBefore;
  return isTerminal(state) ? purgeAt : now;
}
