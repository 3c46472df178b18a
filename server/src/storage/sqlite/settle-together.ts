import type { MoreChange, TaskChange } from "../../model/task-machine.ts";
import type { StoreSettlement } from "../../ports/task-store.ts";
import { codeOfReason, stateCode, states } from "../sql/codes.ts";
import { isLive } from "./queue-entry.ts";
import { timerOf } from "./transition.ts";
import { createUpdateRows } from "./update-rows.ts";
import type { Hint, Writing } from "./writing.ts";

/** A settlement of a lease whose row is remembered. */
export type Remembered = { readonly settlement: StoreSettlement; readonly hint: Hint };

/** Whether two settlements write the same into their rows, so that one statement can. Results are different rows for each. */
export const isAlike = (a: Remembered, b: Remembered): boolean =>
  a.hint.revision === b.hint.revision &&
  a.settlement.outcomeHash === b.settlement.outcomeHash &&
  a.settlement.now === b.settlement.now &&
  writesTheSame(a.settlement.decision.outcome, b.settlement.decision.outcome);

const writesTheSame = (a: TaskChange, b: TaskChange): boolean =>
  a === b ? isPlain(a) : isEqualAndPlain(a, b);

const isEqualAndPlain = (a: TaskChange, b: TaskChange): boolean =>
  isPlain(a) &&
  isPlain(b) &&
  a.state === b.state &&
  a.reason === b.reason &&
  a.event === b.event &&
  a.attempt === b.attempt &&
  a.deliveriesDelta === b.deliveriesDelta &&
  a.endedAt === b.endedAt &&
  a.purgeAt === b.purgeAt &&
  a.more?.continues?.on === b.more?.continues?.on;

/** What ends an attempt badly has a row of its own to write. */
const isPlain = ({ event, result, failure, notBefore, cancel, more }: TaskChange): boolean =>
  event !== "retried" &&
  event !== "failed" &&
  result === undefined &&
  failure === undefined &&
  notBefore === undefined &&
  cancel === undefined &&
  (more === undefined || onlyContinues(more));

/** Somebody waits for its end, which is told apart from the row. */
const onlyContinues = (more: MoreChange): boolean =>
  more.continues?.unkept === undefined &&
  more.policy === undefined &&
  more.checkpoint === undefined &&
  more.waitUntil === undefined &&
  more.claimUntil === undefined &&
  more.keepNewest === undefined &&
  more.grows === undefined;

/** Settles many with one statement: what most workers send is a frame of successes that say nothing. */
export type SettleTogether = {
  /** Writes the outcome that alike settlements have in common; true when every row was as it is remembered. */
  write(alike: readonly Remembered[]): boolean;
  /** Counts one that was written, and notes its event. */
  note(written: Remembered): void;
};

/** Makes it. */
export function createSettleTogether({ db, ledger, backlog, gates, continuations }: Writing): SettleTogether {
  // The revision stands for the fence: whatever takes a lease from its holder, or asks to cancel it, raises the one with the other.
  const update = createUpdateRows(db, {
    values: 8,
    set: () =>
      `state = ?1, reason = ?2, revision = revision + 1, attempt = ?3, deliveries = max(0, deliveries + ?4),
       timer_at = ?5, ended_at = coalesce(?6, ended_at), outcome_hash = ?7`,
    where: `revision = ?8 AND state = ${stateCode.leased} AND outcome_hash IS NULL AND cancel_at IS NULL`,
  });

  return {
    write(alike) {
      const [first] = alike;
      if (first === undefined) return true;
      const { decision, now, outcomeHash } = first.settlement;
      const { outcome: change } = decision;
      const what = [states.code(change.state), codeOfReason(change.reason), change.attempt];
      const times = [timerOf(change, now) ?? null, change.endedAt ?? null];
      const values = [...what, change.deliveriesDelta, ...times, outcomeHash, first.hint.revision];
      // Workers settle in any order, and here the order means nothing.
      const seqs = alike.map(({ hint }) => hint.seq).sort((a, b) => a - b);
      return update(seqs, () => values) === alike.length;
    },
    note({ settlement, hint }) {
      const { outcome: change } = settlement.decision;
      const { event, reason, attempt, state, more } = change;
      const { id, now: at } = settlement;
      const { seq, queue } = hint;
      if (more?.continues) continuations.owe({ seq, id, queue, change, continues: more.continues, now: at });
      if (hint.isTied) gates.moved(hint.seq, states.code(state));
      ledger.move(hint.queue, stateCode.leased, states.code(state));
      if (!isLive(states.code(state))) backlog.ended(hint.queue, hint.seq);
      ledger.note(hint.queue, { kind: event, reason, id, revision: hint.revision + 1, attempt, at });
    },
  };
}
