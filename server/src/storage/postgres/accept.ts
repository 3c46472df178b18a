import { isRefusal } from "../../model/admission.ts";
import type { AcceptBatch, AcceptVerdict } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import { isLinked } from "../sql/links-text.ts";
import { acceptUnique } from "./accept-unique.ts";
import { putBeside, type Stored } from "./beside.ts";
import { contestedOf } from "./claims.ts";
import type { Entering } from "./entering.ts";
import { findHashes, knownAs, placeOf } from "./find-hashes.ts";
import { homesFor } from "./homes.ts";
import { type Arrival, insertTasks, stateOf } from "./insert.ts";
import { judge } from "./judge.ts";
import type { Verb } from "./lane.ts";
import { Conflict } from "./problems.ts";
import { cancelRevoked } from "./revoke.ts";
import type { Work } from "./work.ts";

/** Stores new tasks, in their order. */
export const accept: Verb<Entering, AcceptVerdict> = {
  isDurable: true,
  isWriting: true,
  run: (work, entering) => acceptAll(work, entering, false),
};

/** Stores new tasks, in their order; promised ones whatever bounds there are. */
export async function acceptAll(
  work: Work,
  entering: readonly Entering[],
  isPromised: boolean,
): Promise<readonly AcceptVerdict[]> {
  const { db, queues } = work;
  await queues.load(
    db,
    entering.map(({ task }) => task),
  );
  const contested = await contestedOf(work, entering);
  const verdicts: AcceptVerdict[] = [];
  for (const run of runsOf(entering, contested)) {
    const [first] = run;
    if (first !== undefined && contested.has(first))
      verdicts.push(await acceptContested(work, first, isPromised));
    else verdicts.push(...(await acceptRun(work, run, isPromised)));
  }
  await cancelRevoked(work, entering);
  return verdicts;
}

/** Stores a batch that is stored whole, or not at all: it is judged first. */
export async function acceptTogether(
  work: Work,
  { tasks, now }: Pick<AcceptBatch, "tasks" | "now">,
): Promise<readonly AcceptVerdict[]> {
  const refusal = await judge(work, tasks, now);
  if (refusal !== undefined) return refusal;
  const verdicts = await accept.run(
    work,
    tasks.map((task) => ({ task, now })),
  );
  // Between the judgement and the writing another server may have come.
  if (verdicts.some((verdict) => verdict === "exists" || isRefusal(verdict)))
    throw new Conflict("an atomic batch was overtaken");
  return verdicts;
}

/** Cuts a batch where a task has to see what became of one before it: one of the same id, or one that claims the same key. */
function runsOf(
  entering: readonly Entering[],
  contested: ReadonlySet<Entering>,
): readonly (readonly Entering[])[] {
  const runs: Entering[][] = [];
  let run: Entering[] = [];
  let ids = new Set<string>();
  const cut = (): void => {
    if (run.length > 0) runs.push(run);
    run = [];
    ids = new Set();
  };
  for (const each of entering) {
    const place = placeOf(each.task);
    const isAlone = contested.has(each);
    if (isAlone || ids.has(place)) cut();
    run.push(each);
    ids.add(place);
    if (isAlone) cut();
  }
  cut();
  return runs;
}

/** Stores tasks of different ids, whose keys nobody else claims. */
async function acceptRun(
  work: Work,
  run: readonly Entering[],
  isPromised: boolean,
): Promise<readonly AcceptVerdict[]> {
  const verdicts = new Array<AcceptVerdict | undefined>(run.length).fill(undefined);
  const arrivals: Arrival[] = [];
  const places: number[] = [];
  const homes = await homesFor(work, run, isPromised);
  for (const [at, { task, now }] of run.entries()) {
    const home = homes[at];
    if (home === undefined || "verdict" in home) verdicts[at] = home?.verdict;
    else {
      const isTied = work.gates.isTied(task, home);
      const isWanted =
        isTied || task.unique !== undefined || isLinked(task.policy) || task.place !== undefined;
      arrivals.push({ task, queue: home, now, isTied, isWanted });
      places.push(at);
    }
  }
  const stored = await store(work, arrivals);
  for (const [i, at] of places.entries()) verdicts[at] = stored[i];
  return verdicts as AcceptVerdict[];
}

/** Inserts tasks, and notes all that this means beside their rows. */
async function store(work: Work, arrivals: readonly Arrival[]): Promise<readonly AcceptVerdict[]> {
  if (arrivals.length === 0) return [];
  await work.gates.lock(arrivals.flatMap(({ isTied, queue }) => (isTied ? queue.namespaceId : [])));
  const inserted = await insertTasks(work, arrivals);
  const refused = arrivals.filter((_, at) => inserted.has(at) && inserted.get(at) === undefined);
  const hashes = await findHashes(
    work,
    refused.map(({ task }) => task),
  );
  const stored: Stored[] = [];
  const verdicts = arrivals.map((arrival, at): AcceptVerdict => {
    const seq = inserted.get(at);
    if (inserted.has(at) && seq === undefined) return knownAs(hashes, arrival.task) ?? "exists";
    stored.push({ arrival, seq });
    note(work, arrival);
    return "accepted";
  });
  await putBeside(work, stored);
  await work.gates.enter(stored);
  return verdicts;
}

function note({ ledger, backlog }: Work, arrival: Arrival): void {
  const { task, queue, now } = arrival;
  const state = stateOf(arrival);
  const reason = state === stateCode.scheduled ? "delay" : undefined;
  ledger.move(queue, undefined, state);
  backlog.came(queue, task);
  const cause = task.lineage?.parentId;
  ledger.note(queue, { kind: "accepted", reason, id: task.id, revision: 1, attempt: 1, at: now, cause });
}

/** A task that claims a key which somebody has, or may have. */
async function acceptContested(
  work: Work,
  { task, now }: Entering,
  isPromised: boolean,
): Promise<AcceptVerdict> {
  const known = knownAs(await findHashes(work, [task]), task);
  if (known !== undefined || task.unique === undefined) return known ?? "exists";
  const unique = { task: { ...task, unique: task.unique }, now, isPromised };
  return acceptUnique(work, unique, async () => {
    const [verdict] = await acceptRun(work, [{ task, now }], isPromised);
    return verdict ?? "exists";
  });
}
