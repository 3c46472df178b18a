/** How what did not succeed of an ended canvas is submitted as a new one. What succeeded is among its members, and is read where it was. */

import { digestOf } from "../lib/digest.ts";
import type { CanvasFacts, NewCanvas, PartTask } from "../model/canvas.ts";
import { type CanvasId, canvasIdOf, type Instant, type Namespace, plus, taskIdOf } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import type { Lineage, NewTask, Task } from "../model/task.ts";
import type { SubmitVerdict } from "../ports/canvas-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import type { Mark, MarkFamily } from "./mark-family.ts";
import type { CanvasRef, Reading } from "./reading.ts";
import { refusedOf } from "./refused.ts";
import { readRemains } from "./remains.ts";
import { createRenaming } from "./renaming.ts";
import { planOf } from "./retry-plan.ts";
import { type Restart, restartOf } from "./retry-start.ts";

/** What retrying needs. */
export type RetryDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: Pick<Limits, "canvasTasksMax" | "resultBytesMax">;
  readonly markFamily: MarkFamily;
  /** Tells whoever waits for tasks of those that can be had now. */
  readonly announce: (namespace: Namespace, tasks: readonly Pick<NewTask, "queue" | "notBefore">[]) => void;
  readonly get: Reading["get"];
};

/** The canvas that a retry made, or that an earlier call of it had made. */
export type Retried = {
  readonly id: CanvasId;
  /** How many tasks start at once. */
  readonly started: number;
  readonly deduplicated: boolean;
};

/**
 * Submits it under `newId`, or under an id that follows from the old one's. Throws CANVAS_UNKNOWN; CANVAS_NOT_FAILED; CANVAS_EXISTS where
 * that id is another's; TASK_UNKNOWN where a record is gone that it needs; what refuses a task.
 */
export type Retry = (ref: CanvasRef, newId: CanvasId | undefined) => Promise<Retried>;

/** Makes it. */
export function createRetry(deps: RetryDeps): Retry {
  const { store, clock, limits, markFamily, announce, get } = deps;
  return async (ref, newId) => {
    const { namespace } = ref;
    const { canvas: root } = await get(ref, false);
    if (root.state === "open" || root.state === "succeeded")
      throw new StemProblem({ reason: "CANVAS_NOT_FAILED", canvasId: ref.id, state: root.state });
    const id = newId ?? canvasIdOf(digestOf(["retry", namespace, ref.id]));
    const remains = await readRemains(store, root, limits.resultBytesMax);
    const now = clock.now();
    const renaming = createRenaming({ namespace, from: ref.id, to: id });
    const { again, ...made } = await restartOf({ store, renaming, now }, remains, planOf(remains));
    const lineage = lineageOf(root.lineage, ref.id, id);
    const mark = markFamily(lineage);
    const tasks = made.start.tasks.map((task) => marked(task, mark));
    if (tasks.length > limits.canvasTasksMax) throw tooMany(tasks.length, limits.canvasTasksMax);
    if (remains.root.canvasFacts === undefined) throw new Error("a barrier is no canvas");
    const facts = factsOf(remains.root.canvasFacts, { id, of: ref.id, later: now - root.createdAt });
    const canvas = { namespace, id, facts, lineage, ...made, start: { ...made.start, tasks } };
    const deduplicated = wasThere(await store.submitCanvas(canvas, now), canvas);
    if (!deduplicated) {
      announce(
        namespace,
        tasks.map(({ task }) => task),
      );
      await noteReplays(store, again, now);
    }
    return { id, started: tasks.length, deduplicated };
  };
}

/** Whether it was submitted before. */
function wasThere(verdict: SubmitVerdict, { namespace, id, start, facts }: NewCanvas): boolean {
  if (verdict === "gone") throw new StemProblem({ reason: "CANVAS_UNKNOWN", canvasId: facts.retryOf ?? id });
  if (verdict === "exists") throw new StemProblem({ reason: "CANVAS_EXISTS", canvasId: id });
  if (typeof verdict === "object") throw refusedOf(verdict, start.tasks, namespace);
  return verdict === "duplicate";
}

type Renewal = { readonly id: CanvasId; readonly of: CanvasId; readonly later: number };

/** It has as much time as the old one had. */
const factsOf = (facts: CanvasFacts, { id, of, later }: Renewal): CanvasFacts => ({
  ...facts,
  contentHash: digestOf(["retry", of, id]),
  deadline: facts.deadline && plus(facts.deadline, later),
  purgeAt: undefined,
  retryOf: of,
});

/** Where nobody submitted the old one, it was the first of its family, and so is the new one. */
const lineageOf = ({ parentId, rootId }: Lineage, of: CanvasId, id: CanvasId): Lineage => ({
  parentId,
  rootId: rootId === taskIdOf(of) ? taskIdOf(id) : rootId,
});

/** What was handed something is told of its family with that. */
const marked = (one: PartTask, mark: Mark): PartTask =>
  one.resumes?.input === undefined ? { ...one, task: { ...one.task, content: mark(one.task.content) } } : one;

const tooMany = (items: number, itemsMax: number): StemProblem =>
  new StemProblem({ reason: "BATCH_TOO_LARGE", field: "canvas_id", items, itemsMax });

/** Dead letters that run again say so. */
async function noteReplays(
  store: Pick<Store, "noteReplays">,
  again: Restart["again"],
  at: Instant,
): Promise<void> {
  const failed = again.filter(({ of }) => of.state === "failed");
  if (failed.length === 0) return;
  const refOf = ({ namespace, id }: Task) => ({ namespace, id });
  await store.noteReplays(failed.map(({ of, id }) => ({ ref: refOf(of), replay: { taskId: id, at } })));
}
