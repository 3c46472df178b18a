import type { PartTask } from "../model/canvas.ts";
import type { Namespace } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import { problemOf } from "../model/refusal.ts";
import type { RefusedTask } from "../ports/canvas-store.ts";

/** Why a task may not come in, and with it all the others. */
export function refusedOf(
  { task, why }: RefusedTask,
  tasks: Iterable<PartTask>,
  namespace: Namespace,
): StemProblem {
  if (why === "exists") return new StemProblem({ reason: "TASK_EXISTS", taskId: task });
  const wanted = Iterator.from(tasks).find(({ id }) => id === task)?.task;
  if (wanted === undefined) throw new Error("a task was refused that is not in the canvas");
  const { queue, unique } = wanted;
  if ("unique" in why)
    return new StemProblem({ reason: "UNIQUE_TAKEN", key: unique?.key ?? "", holderTaskId: why.holder });
  return new StemProblem(problemOf(why, { namespace, queue }));
}
