import { newQueue, type Refusal, refusalToEnter, refusalToMake } from "../../model/admission.ts";
import { contentHashOf } from "../../model/content-hash.ts";
import { quotaBytes } from "../../model/continuation.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { AcceptBatch, AcceptVerdict } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import { isLinked } from "../sql/links-text.ts";
import { createAcceptUnique } from "./accept-unique.ts";
import { createFindHash } from "./find.ts";
import type { AlikeTasks, Insert } from "./insert.ts";
import { createJudgeAt } from "./judge.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { createCancelRevoked } from "./revoke.ts";
import type { Writing } from "./writing.ts";

/** How tasks are stored. */
type Storing = {
  /** The writer's one insert: it numbers the rows. */
  readonly insert: Insert;
  /** No quota, bound or closed queue is in the way: the tasks were let in when those were that make them. */
  readonly isPromised: boolean;
};

/** Makes accept: stores new tasks in their order. An atomic batch is judged first, and stored only when nothing is in the way. */
export function createAccept(
  writing: Writing,
  { insert, isPromised }: Storing,
): (batch: AcceptBatch) => readonly AcceptVerdict[] {
  const { queues, ledger, backlog, gates, revocations, links, canvases } = writing;
  const findHash = createFindHash(writing);
  const known = createKnown(findHash);
  const judgeAt = createJudgeAt(writing, findHash);
  const storeOne = (task: NewTask, now: Instant) => acceptRun([task], now)[0] ?? "exists";
  const acceptUnique = createAcceptUnique(writing, storeOne, isPromised);
  const cancelRevoked = createCancelRevoked(writing);

  /** Stores tasks that are alike: all at once where nothing refuses any of them. */
  function acceptRun(run: AlikeTasks, now: Instant): AcceptVerdict[] {
    const [{ namespace, queue: name }] = run;
    const queue = queues.find(namespace, name);
    if (queue !== undefined && refusalToCome(queue, run) === undefined) return acceptInto(queue, run, now);
    if (run.length === 1) return [acceptOne(run[0], queue, now)];
    return halvesOf(run).flatMap((part) => acceptRun(part, now));
  }

  /** A queue comes into being with its first task: not for one that is known, nor for one that is refused. */
  function acceptOne(task: NewTask, found: QueueEntry | undefined, now: Instant): AcceptVerdict {
    const stored = known(task);
    if (stored !== undefined) return stored;
    const { namespace, queue: name } = task;
    const refusal = found === undefined ? refusalToBring(task) : refusalToCome(found, [task]);
    if (refusal !== undefined) return refusal;
    const queue = found ?? queues.make(namespace, name, now);
    return acceptInto(queue, [task], now)[0] ?? "exists";
  }

  /** Why tasks may not come into a queue that is there, all of them together. */
  const refusalToCome = (queue: QueueEntry, tasks: readonly NewTask[]): Refusal | undefined =>
    isPromised ? undefined : backlog.refusalOf(queue, tasks);

  /** Why a task may not bring its queue into being. */
  function refusalToBring(task: NewTask): Refusal | undefined {
    if (isPromised) return undefined;
    const room = queues.spaces.room(queues.spaces.make(task.namespace));
    const arrival = { tasks: 1, bytes: quotaBytes(task) };
    return refusalToMake(room, task.queue) ?? refusalToEnter(room, newQueue, arrival);
  }

  function acceptInto(queue: QueueEntry, run: AlikeTasks, now: Instant): AcceptVerdict[] {
    const { first, state, wasStored } = insert(run, queue, now);
    const areTied = gates.isTied(run[0]);
    const areLinked = isLinked(run[0].policy);
    const areMembers = run[0].policy.member !== undefined;
    const reason = state === stateCode.scheduled ? "delay" : undefined;
    let stored = 0;
    const verdicts = run.map((task, at): AcceptVerdict => {
      if (!wasStored(at)) return known(task) ?? "exists";
      stored += 1;
      if (areTied) gates.enter(task, { seq: first + at, state, queue });
      if (areLinked) links.put(first + at, task);
      const cause = task.lineage?.parentId;
      ledger.note(queue, { kind: "accepted", reason, id: task.id, revision: 1, attempt: 1, at: now, cause });
      return "accepted";
    });
    if (areMembers) canvases.places.put(run, first, wasStored);
    ledger.move(queue, undefined, state, stored);
    backlog.came(queue, stored === run.length ? run : run.filter((_, at) => wasStored(at)));
    return verdicts;
  }

  /** A task that claims a key comes alone. */
  function acceptAny(run: AlikeTasks, now: Instant): readonly AcceptVerdict[] {
    const [task] = run;
    const { unique } = task;
    if (unique === undefined) return acceptRun(run, now);
    return [known(task) ?? acceptUnique({ ...task, unique }, now)];
  }

  return ({ tasks, now, atomic }) => {
    const refusal = atomic ? judgeAt(now)(tasks) : undefined;
    if (refusal !== undefined) return refusal;
    const verdicts = runsOfAlike(tasks).flatMap((run) => acceptAny(run, now));
    if (revocations.size > 0) cancelRevoked(tasks, now);
    return verdicts;
  };
}

/** What does not go in as a whole goes in by halves, one after the other: those of a long run that fit are soon found. */
const halvesOf = (run: AlikeTasks): readonly AlikeTasks[] => {
  const half = run.length >> 1;
  return [run.slice(0, half), run.slice(half)] as unknown as readonly AlikeTasks[];
};

/** What a task gets whose id is there. */
const createKnown =
  (findHash: ReturnType<typeof createFindHash>) =>
  (task: NewTask): "duplicate" | "exists" | undefined => {
    const hash = findHash(task);
    if (hash === undefined) return undefined;
    return hash === contentHashOf(task) ? "duplicate" : "exists";
  };

/** Cuts a batch into runs of tasks that go into the same queue with the same columns; nearly every batch is one. */
function runsOfAlike(tasks: readonly NewTask[]): readonly AlikeTasks[] {
  const runs: [NewTask, ...NewTask[]][] = [];
  let run: [NewTask, ...NewTask[]] | undefined;
  for (const task of tasks) {
    if (run !== undefined && isAlike(run[0], task)) {
      run.push(task);
    } else {
      run = [task];
      runs.push(run);
    }
  }
  return runs;
}

const isAlike = (a: NewTask, b: NewTask): boolean =>
  a.namespace === b.namespace &&
  a.queue === b.queue &&
  a.priority === b.priority &&
  a.policy === b.policy &&
  a.policy.unique === undefined &&
  a.notBefore === b.notBefore &&
  (a.ties === undefined) === (b.ties === undefined);
