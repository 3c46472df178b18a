import { expect } from "vitest";
import { type Cause, explain, isStartable, type LimitCause } from "../../server/src/model/explain.ts";
import type { QueueName } from "../../server/src/model/ids.ts";
import type { Pause } from "../../server/src/model/pause.ts";
import type { Task } from "../../server/src/model/task.ts";
import { type Bound, conforms, placesOf, type Rules } from "./gate-rules.ts";
import { queues } from "./gate-steps.ts";
import { refOf, type Subject } from "./subject.ts";

type Known = { readonly subject: Subject; readonly rules: Rules; readonly all: readonly Task[] };

const noService = { isDraining: false, workers: [] };
const aheadMax = 1000;
/** A worker that may have whatever there is. */
const everything = { labels: { gpu: "yes", region: "eu" }, limit: 1000 };

/**
 * Whatever a store has to say of its tasks that wait is true by the rules, nothing that keeps one is left out, and a task that is
 * said to be startable would be granted to a worker that takes all of its queue.
 */
export async function expectExplained(
  { subject, rules }: Omit<Known, "all">,
  which: "waiting" | "all",
): Promise<void> {
  const all = await rules.tasks();
  const known: Known = { subject, rules, all };
  const asked = which === "all" ? all : all.filter(({ state }) => state === "scheduled" || state === "ready");
  const granted = new Map(queues.map((queue) => [queue, grantedFrom(known, queue)]));
  const [heads, standings] = await Promise.all([
    subject.store.readHeads(asked),
    Promise.all(asked.map((task) => subject.store.readStanding(task, aheadMax))),
  ]);
  for (const [at, task] of asked.entries()) {
    const standing = standings[at];
    if (standing === undefined) throw new Error(`${task.id} has no standing`);
    expect(standing.head).toEqual(heads[at]);
    const causes = explain(standing, noService, { now: subject.now, aheadMax });
    const said = causes.filter(({ kind }) => kind !== "no_worker");
    const told = `${task.id}, told ${JSON.stringify(said)}`;
    expect(
      said.map(shortOf).filter((short) => !short.startsWith("others_first")),
      told,
    ).toEqual(expectedOf(known, task));
    for (const cause of said) expect(isTrue(known, task, cause), `${told}: ${cause.kind}`).toBe(true);
    if (task.state === "ready" && isStartable(causes))
      expect(granted.get(task.queue), told).toContain(task.id);
  }
  expect(await subject.store.readStanding(refOf("nobody"), aheadMax)).toBeUndefined();
}

const grantedFrom = ({ rules, all }: Known, queue: QueueName): readonly string[] =>
  rules.granted({ ...everything, queues: [queue] }, all).map(({ id }) => id);

/** The kind of a cause, and which limit it is about. */
const shortOf = (cause: Cause): string => ("limit" in cause ? `${cause.kind} ${placeOf(cause)}` : cause.kind);

const placeOf = ({ limit }: LimitCause): string => `${limit.kind} ${limit.subject}`;
const until = ({ resumeAt }: Pause): number => resumeAt ?? Number.POSITIVE_INFINITY;

/** All that keeps a task by the rules, but for those that come before it. */
function expectedOf({ rules, all, subject }: Known, task: Task): readonly string[] {
  if (task.endedAt !== undefined) return ["ended"];
  if (task.state === "leased") return task.cancel ? ["running", "cancel_requested"] : ["running"];
  const leased = all.filter(({ state }) => state === "leased");
  const atLimits = placesOf(task).flatMap((place) => {
    const bound = rules.bounds.get(place);
    const paused = rules.isGatePaused(place) ? [`limit_paused ${place}`] : [];
    if (bound === undefined) return paused;
    const { concurrency, rate, dueAt } = bound;
    if (concurrency === 0 || rate?.count === 0) return [...paused, `limit_stopped ${place}`];
    return [
      ...paused,
      ...(concurrency !== undefined && rules.inUse(bound, leased) >= concurrency
        ? [`concurrency_reached ${place}`]
        : []),
      ...(conforms(rate, dueAt, subject.now) ? [] : [`rate_reached ${place}`]),
    ];
  });
  return [
    ...(task.state === "scheduled" ? ["scheduled"] : []),
    ...(rules.paused.has(task.queue) ? ["queue_paused"] : []),
    ...((rules.firstInOrder(task, all) ?? task) === task ? [] : ["order"]),
    ...atLimits,
    ...(task.state === "ready" ? ["in_line"] : []),
  ];
}

/** Whether the facts of a cause are those of the rules. */
function isTrue({ rules, all, subject }: Known, task: Task, cause: Cause): boolean {
  const before = readyBefore({ rules, all, subject }, task);
  switch (cause.kind) {
    case "scheduled":
      return cause.until === task.notBefore;
    case "order":
      return cause.first === rules.firstInOrder(task, all)?.id;
    case "in_line":
      return cause.ahead <= before.length && !cause.isMore && cause.fairnessKey === task.ties?.fairnessKey;
    case "limit_paused":
      return cause.room === 0 && until(cause.pause) === rules.gatePauses.get(placeOf(cause));
    case "limit_stopped":
    case "concurrency_reached":
    case "rate_reached":
    case "others_first": {
      const bound = rules.bounds.get(placeOf(cause));
      return bound !== undefined && isTrueOfLimit({ rules, all, subject }, bound, { cause, before });
    }
    default:
      return true;
  }
}

type OfLimit = { readonly cause: LimitCause; readonly before: readonly Task[] };

function isTrueOfLimit({ rules, all, subject }: Known, bound: Bound, { cause, before }: OfLimit): boolean {
  const leased = all.filter(({ state }) => state === "leased");
  const { rate, dueAt } = bound;
  if (cause.leased !== rules.inUse(bound, leased) || cause.room !== rules.roomOf(bound, leased)) return false;
  const obeying = before.filter((each) => rules.boundsOf(each).includes(bound)).length;
  if (cause.ahead > obeying) return false;
  if (cause.kind === "others_first") return obeying >= cause.room;
  if (cause.kind !== "rate_reached") return true;
  const { until = 0 } = cause;
  return until > subject.now && conforms(rate, dueAt, until) && !conforms(rate, dueAt, until - 1);
}

/** The ready tasks of its queue that come before a task; none of one that is not ready. */
function readyBefore({ rules, all }: Known, task: Task): readonly Task[] {
  const own = rules.turns.inOrder(all.filter(({ queue }) => queue === task.queue));
  return own.slice(0, Math.max(0, own.indexOf(task)));
}
