import { contentHashOf } from "../../model/content-hash.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { AcceptBatch, AcceptVerdict } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import { createAcceptUnique } from "./accept-unique.ts";
import { createFindHash } from "./find.ts";
import { type AlikeTasks, createInsert } from "./insert.ts";
import { createJudgeAt } from "./judge.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { createCancelRevoked } from "./revoke.ts";
import type { Writing } from "./writing.ts";

/** Makes accept: stores new tasks in their order. An atomic batch is judged first, and stored only when nothing is in the way. */
export function createAccept(writing: Writing): (batch: AcceptBatch) => readonly AcceptVerdict[] {
  const { queues, ledger, limits, gates, revocations } = writing;
  const insert = createInsert(writing);
  const findHash = createFindHash(writing);
  const judgeAt = createJudgeAt(writing, findHash);
  const acceptUnique = createAcceptUnique(writing, (task, now) => acceptRun([task], now)[0] ?? "exists");
  const cancelRevoked = createCancelRevoked(writing);

  /** Stores tasks that are alike, as many at once as there is a queue for. */
  function acceptRun(run: AlikeTasks, now: Instant): AcceptVerdict[] {
    const [first] = run;
    const queue = queues.find(first.namespace, first.queue) ?? makeQueue(first, now);
    if (queue !== undefined) return acceptInto(queue, run, now);
    const [, second, ...others] = run;
    const rest = second === undefined ? [] : acceptRun([second, ...others], now);
    return [known(first) ?? "queue_limit", ...rest];
  }

  function acceptInto(queue: QueueEntry, run: AlikeTasks, now: Instant): AcceptVerdict[] {
    const { first, state, wasStored } = insert(run, queue, now);
    const areTied = gates.isTied(run[0]);
    const reason = state === stateCode.scheduled ? "delay" : undefined;
    let stored = 0;
    const verdicts = run.map((task, at): AcceptVerdict => {
      if (!wasStored(at)) return known(task) ?? "exists";
      stored += 1;
      if (areTied) gates.enter(task, { seq: first + at, state, queue });
      ledger.note(queue, { kind: "accepted", reason, id: task.id, revision: 1, attempt: 1, at: now });
      return "accepted";
    });
    ledger.move(queue, undefined, state, stored);
    return verdicts;
  }

  /** A queue comes into being with its first task: not for one that is known, nor beyond the limit. */
  function makeQueue(task: NewTask, now: Instant): QueueEntry | undefined {
    const { namespace, queue } = task;
    if (queues.count(namespace) >= limits.queuesPerNamespaceMax || known(task) !== undefined)
      return undefined;
    return queues.make(namespace, queue, now);
  }

  function known(task: NewTask): "duplicate" | "exists" | undefined {
    const hash = findHash(task);
    if (hash === undefined) return undefined;
    return hash === contentHashOf(task) ? "duplicate" : "exists";
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
