import { isSatisfied, type Labels, type Rate } from "../../server/src/model/gate.ts";
import type { QueueName } from "../../server/src/model/ids.ts";
import type { Task } from "../../server/src/model/task.ts";
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
  /** In which queue a task was accepted: its order is one of there, wherever it was moved. */
  const homes = new Map<string, QueueName>();

  /** The limits of a task: of its key, its name and its queue. */
  const boundsOf = ({ name, queue, ties }: Task): Bound[] =>
    [...(ties?.limitKey ? [`key ${ties.limitKey}`] : []), `name ${name}`, `queue ${queue}`].flatMap(
      (place) => bounds.get(place) ?? [],
    );
  const inUse = (bound: Bound, leased: readonly Task[]): number =>
    leased.filter((each) => boundsOf(each).includes(bound)).length;

  /** How many more leases a limit allows; at most 100. */
  function roomOf(bound: Bound, leased: readonly Task[]): number {
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
    for (const task of inOrder(all)) {
      const { queue, ties } = task;
      if (won.length >= asked.limit || paused.has(queue) || !asked.queues.includes(queue)) continue;
      if ((firstInOrder(task, all) ?? task) !== task || !isSatisfied(ties?.labels ?? {}, asked.labels))
        continue;
      if (boundsOf(task).some((bound) => roomOf(bound, leased) === 0)) continue;
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
    homes,
    boundsOf,
    inUse,
    roomOf,
    firstInOrder,
    granted,
    tasks: async (): Promise<readonly Task[]> => [...(await subject.list()).tasks].reverse(),
    /** Counts these grants against the rates. */
    count(tasks: readonly Task[]): void {
      for (const bound of tasks.flatMap(boundsOf))
        bound.dueAt = dueAfterOne(bound.rate, bound.dueAt, subject.now);
    },
  };
}

/** The ready tasks in the order of grants. */
export const inOrder = (all: readonly Task[]): readonly Task[] =>
  all.filter(({ state }) => state === "ready").sort((a, b) => b.priority - a.priority);

/** Whether a rate allows a grant at a time. */
export const conforms = (rate: Rate | undefined, dueAt: number, now: number): boolean =>
  rate === undefined ||
  (rate.count > 0 && now >= Math.max(dueAt, now) - ((rate.burst - 1) * rate.periodMs) / rate.count - 0.001);

const dueAfterOne = (rate: Rate | undefined, dueAt: number, now: number): number =>
  rate === undefined || rate.count === 0 ? dueAt : Math.max(dueAt, now) + rate.periodMs / rate.count;
