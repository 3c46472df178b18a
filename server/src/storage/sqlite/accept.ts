import { contentHashOf } from "../../model/content-hash.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { AcceptBatch, AcceptVerdict } from "../../ports/task-store.ts";
import { stateCode } from "./codes.ts";
import { createFindHash } from "./find.ts";
import { type AlikeTasks, createInsert } from "./insert.ts";
import { createJudge } from "./judge.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Writing } from "./writing.ts";

/** Makes accept: stores new tasks in their order. An atomic batch is judged first, and stored only when nothing is in the way. */
export function createAccept(writing: Writing): (batch: AcceptBatch) => readonly AcceptVerdict[] {
  const { queues, ledger, limits, gates } = writing;
  const insert = createInsert(writing);
  const findHash = createFindHash(writing);
  const judge = createJudge(writing, findHash);

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

  return ({ tasks, now, atomic }) => {
    const refusal = atomic ? judge(tasks) : undefined;
    return refusal ?? runsOfAlike(tasks).flatMap((run) => acceptRun(run, now));
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
  a.notBefore === b.notBefore &&
  (a.ties === undefined) === (b.ties === undefined);
