import type { QueueName } from "../../server/src/model/ids.ts";
import type { Task } from "../../server/src/model/task.ts";

/** Keys that take turns, and how often the second comes for one of the first. */
export const fairKeys = ["f1", "f2"];
export const fairWeights: ReadonlyMap<string, number> = new Map([["f2", 3]]);

/** What the rules know of turns: when tasks of a queue come, by what came before. */
export type TurnRules = ReturnType<typeof createTurnRules>;

type FairQueue = { now: number; readonly last: Map<string, number> };

/** Makes it: no queue is fair yet. */
export function createTurnRules() {
  const queues = new Map<QueueName, FairQueue>();
  const turns = new Map<string, number>();
  const turnOf = ({ id }: Pick<Task, "id">): number => turns.get(id) ?? 0;

  return {
    turnOf,
    /** A task has come into a queue. */
    entered(id: string, queue: QueueName, key: string | undefined): void {
      let fair = queues.get(queue);
      if (fair === undefined && key === undefined) return void turns.set(id, 0);
      if (fair === undefined) {
        fair = { now: 0, last: new Map() };
        queues.set(queue, fair);
      }
      const said = key ?? "";
      const turn =
        Math.max(fair.last.get(said) ?? 0, fair.now) + Math.round(1_000_000 / (fairWeights.get(said) ?? 1));
      fair.last.set(said, turn);
      turns.set(id, turn);
    },
    granted(task: Task): void {
      const fair = queues.get(task.queue);
      if (fair !== undefined) fair.now = Math.max(fair.now, turnOf(task));
    },
    /** Ready tasks of one queue in the order of grants, from the order of acceptance. */
    inOrder: (all: readonly Task[]): readonly Task[] =>
      all
        .filter(({ state }) => state === "ready")
        .sort((a, b) => b.priority - a.priority || turnOf(a) - turnOf(b)),
  };
}
