import type { GuardedChange } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import { createFind } from "./find.ts";
import { createTransition } from "./transition.ts";
import type { Writing } from "./writing.ts";

/** The lease, grace included, is over, where the change supposes that. */
const guard = `(?15 IS NULL OR (state = ${stateCode.leased} AND timer_at < ?15))`;

/** Makes apply: each change whose guard holds. */
export function createApply(
  writing: Writing,
): (changes: readonly GuardedChange[]) => readonly ("applied" | "conflict")[] {
  const find = createFind(writing);
  const transition = createTransition(writing, guard);

  function applyOne({ ref, revision, leaseUntilBefore, change, now }: GuardedChange): "applied" | "conflict" {
    const task = find(ref);
    if (task === undefined) return "conflict";
    const target = { ...task, id: ref.id, revision };
    const decided = { change, now, outcomeHash: undefined };
    return transition(target, decided, leaseUntilBefore ?? null) ? "applied" : "conflict";
  }

  return (changes) => changes.map(applyOne);
}
