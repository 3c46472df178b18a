import { isSatisfied, type Labels, type Rate } from "../../server/src/model/gate.ts";
import type { QueueName } from "../../server/src/model/ids.ts";
import type { Task } from "../../server/src/model/task.ts";
import { createTurnRules } from "./gate-turns.ts";
import type { Subject } from "./subject.ts";

/** What the rules know of a limit. */
export type Bound = {
  /** Its kind and subject, such as "key k1". */
  readonly place: string;
  readonly concurrency: number | undefined;
  readonly rate: Rate | undefined;
  dueAt: number;
};

/** What somebody asks for. */
export type Asked = {
  readonly queues: readonly QueueName[];
  readonly labels: Labels | undefined;
  readonly limit: number;
};

/**
 * A plain model: whatever is ready is looked at in order, and what no limit, pause, label or order forbids is granted. It has no gates,
 * no lines, no index; it reads the tasks from the store, and keeps the limits itself.
 */
export type Rules = ReturnType<typeof createRules>;

/** Makes it, without limits. */
export function createRules(subject: Subject) {
  const bounds = new Map<string, Bound>();
  const paused = new Set<string>();
  /** Until when names and keys are paused. */
  const gatePauses = new Map<string, number>();
  /** In which queue a task was accepted: its order is one of there, wherever it was moved. */
  const homes = new Map<string, QueueName>();
  const turns = createTurnRules();

  /** The limits of a task: of its key, its name and its queue. */
  const boundsOf = (task: Task): Bound[] => placesOf(task).flatMap((place) => bounds.get(place) ?? []);
  const isGatePaused = (place: string): boolean => (gatePauses.get(place) ?? 0) > subject.now;
  const inUse = (bound: Bound, leased: readonly Task[]): number =>
    leased.filter((each) => boundsOf(each).includes(bound)).length;

  /** How many more leases a limit allows; at most 100. */
  function roomOf(bound: Bound, leased: readonly Task[]): number {
    if (isGatePaused(bound.place)) return 0;
    const permits = (bound.concurrency ?? 100) - inUse(bound, leased);
    let tokens = 0;
    for (let { dueAt } = bound; tokens < 100 && conforms(bound.rate, dueAt, subject.now); tokens += 1)
      dueAt = dueAfterOne(bound.rate, dueAt, subject.now);
    return Math.max(0, Math.min(permits, tokens));
  }

  /** The first task of the order of a task, in the order of acceptance; undefined where it is in none. */
  const firstInOrder = (task: Task, all: readonly Task[]): Task | undefined =>
    all.find(
      (each) =>
        each.ties?.orderingKey !== undefined &&
        each.ties.orderingKey === task.ties?.orderingKey &&
        homes.get(each.id) === homes.get(task.id) &&
        each.endedAt === undefined,
    );

  /** What a claim would bring, in this order of granting. */
  function granted(asked: Asked, all: readonly Task[]): readonly Task[] {
    const leased = all.filter(({ state }) => state === "leased");
    const before = new Map([...bounds.values()].map((bound) => [bound, bound.dueAt]));
    const won: Task[] = [];
    const mayGo = (task: Task): boolean =>
      (firstInOrder(task, all) ?? task) === task &&
      isSatisfied(task.ties?.labels ?? {}, asked.labels) &&
      !placesOf(task).some(isGatePaused) &&
      boundsOf(task).every((bound) => roomOf(bound, leased) > 0);
    const lines = asked.queues
      .filter((queue) => !paused.has(queue))
      .map((queue) => turns.inOrder(all.filter((each) => each.queue === queue)));
    while (won.length < asked.limit) {
      const task = bestOf(
        lines.flatMap((line) => line.find((each) => !won.includes(each) && mayGo(each)) ?? []),
        all,
      );
      if (task === undefined) break;
      for (const bound of boundsOf(task)) bound.dueAt = dueAfterOne(bound.rate, bound.dueAt, subject.now);
      leased.push(task);
      won.push(task);
    }
    for (const [bound, dueAt] of before) bound.dueAt = dueAt;
    return won;
  }

  return {
    bounds,
    paused,
    gatePauses,
    isGatePaused,
    homes,
    turns,
    boundsOf,
    inUse,
    roomOf,
    firstInOrder,
    granted,
    tasks: async (): Promise<readonly Task[]> => [...(await subject.list()).tasks].reverse(),
    /** Counts these grants against the rates. */
    count(tasks: readonly Task[]): void {
      for (const task of tasks) turns.granted(task);
      for (const bound of tasks.flatMap(boundsOf))
        bound.dueAt = dueAfterOne(bound.rate, bound.dueAt, subject.now);
    },
  };
}

/** What may have a limit among what a task has. */
export const placesOf = ({ name, queue, ties }: Task): readonly string[] => [
  ...(ties?.limitKey ? [`key ${ties.limitKey}`] : []),
  `name ${name}`,
  `queue ${queue}`,
];

/** Of the first ones of several queues the one that comes first: by priority, then by acceptance. */
const bestOf = (firsts: readonly Task[], all: readonly Task[]): Task | undefined =>
  firsts.toSorted((a, b) => b.priority - a.priority || all.indexOf(a) - all.indexOf(b))[0];

/** Whether a rate allows a grant at a time. */
export const conforms = (rate: Rate | undefined, dueAt: number, now: number): boolean =>
  rate === undefined ||
  (rate.count > 0 && now >= Math.max(dueAt, now) - ((rate.burst - 1) * rate.periodMs) / rate.count - 0.001);

const dueAfterOne = (rate: Rate | undefined, dueAt: number, now: number): number =>
  rate === undefined || rate.count === 0 ? dueAt : Math.max(dueAt, now) + rate.periodMs / rate.count;
