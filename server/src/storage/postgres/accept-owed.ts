import { notMade } from "../../model/canvas-end.ts";
import type { BarrierRef } from "../../model/ids.ts";
import { membersOf } from "../../model/node-end.ts";
import type { AcceptVerdict } from "../../ports/task-store.ts";
import { acceptAll } from "./accept.ts";
import { type Barriers, insertBarriers, lockBarriers, updateBarriers } from "./barriers.ts";
import type { Owed } from "./continuations.ts";
import type { Entering } from "./entering.ts";
import { keepMembers, type NewMember } from "./members.ts";
import { homeOf } from "./open-queue.ts";
import { putParts } from "./parts.ts";
import { readOwed, type Told } from "./read-owed.ts";
import { type Following, roundOf } from "./round.ts";
import type { Work } from "./work.ts";

/**
 * Takes in what ends in this transaction mean: the tasks that they make, what becomes of the barriers that they are under, and what that
 * ends in its turn, in rounds of as many statements however many ends there are. All of it was promised when the tasks that ended were
 * accepted: no quota, bound or closed queue is in its way. What is there already, or whose id or key another task has, is not made.
 */
export async function acceptOwed(work: Work): Promise<void> {
  for (let owed = work.continuations.take(); owed.length > 0; owed = work.continuations.take())
    await goOn(work, owed);
}

async function goOn(work: Work, owed: readonly Owed[]): Promise<void> {
  const told = await readOwed(work.db, owed);
  const barriers = await lockBarriers(work, told.flatMap(aboveOf));
  const isNew = await keepMembers(work, membersUnder(barriers, told));
  const round = roundOf(told, barriers, (namespace, member) => isNew({ namespace, member }));
  await Promise.all([
    putParts(work, round.parts),
    insertBarriers(work, round.made),
    updateBarriers(work, round.changed),
  ]);
  await follow(work, round.follows);
}

function aboveOf(told: Told): readonly BarrierRef[] {
  const { namespace, place } = told.kind === "end" ? told.end : told;
  return place === undefined ? [] : [{ namespace, id: place.barrier }];
}

/** Those of barriers that are there. */
const membersUnder = (barriers: Barriers, told: readonly Told[]): readonly NewMember[] =>
  told.flatMap((each) => {
    if (each.kind !== "end") return [];
    const { namespace } = each.end;
    return membersOf([each.end])
      .filter(({ barrier }) => barriers.get(namespace)?.has(barrier))
      .map((member) => ({ namespace, member }));
  });

/** Takes in the tasks, and notes what is to be told next, in the order of what it comes from. */
async function follow(work: Work, follows: readonly Following[]): Promise<void> {
  const tasks = follows.flatMap((each) => ("task" in each ? each : []));
  const verdicts = tasks.length === 0 ? [] : await acceptAll(work, tasks, true);
  const stored = new Set(tasks.filter((_, at) => isStored(verdicts[at])));
  for (const each of follows)
    if ("barrier" in each) work.continuations.owe({ kind: "barrier", ...each });
    else if (stored.has(each)) tell(work, each);
    else tellNotMade(work, each);
}

/** Whether a task is there now that was not: also in the place of one that had its key. */
export const isStored = (verdict: AcceptVerdict | undefined): boolean =>
  verdict === "accepted" ||
  (typeof verdict === "object" && "unique" in verdict && verdict.unique === "replaced");

/** A canvas hears of a task of it that could not be made as of one that has failed. */
export function tellNotMade({ continuations }: Pick<Work, "continuations">, { task, now }: Entering): void {
  if (task.place !== undefined) continuations.owe({ kind: "known", end: notMade(task), now });
}

function tell(work: Work, { task, now }: Entering): void {
  const { notBefore } = task;
  const queue = homeOf(work, task);
  if (notBefore !== undefined && notBefore > now) work.gates.bell.dueAt(notBefore);
  else if (queue !== undefined) work.gates.bell.opened(queue, 1);
}
