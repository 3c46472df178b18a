/** What a settlement adds to the canvas of its task. */

import type { Grow, GrowthWish } from "../broker/broker.ts";
import type { Growth } from "../model/canvas.ts";
import type { Bytes, Instant, TaskRef } from "../model/ids.ts";
import { type Problem, StemProblem } from "../model/problem.ts";
import type { TaskStore } from "../ports/task-store.ts";
import { type CompleteTasks, completeDrafts } from "./draft.ts";
import { expandMembers, expandReplacement } from "./expand.ts";
import type { MarkFamily } from "./mark-family.ts";
import { sparesOf } from "./spare.ts";

/** What that needs. */
export type GrowingDeps = {
  readonly store: Pick<TaskStore, "read">;
  readonly complete: CompleteTasks;
  readonly markFamily: MarkFamily;
  /** The failure of a task whose wish may not be, encoded. */
  readonly failureOf: (problem: Problem) => Bytes;
};

/** Makes it. All ids follow from the task's, so that a repeat makes the same. */
export function createGrow({ store, complete, markFamily, failureOf }: GrowingDeps): Grow {
  async function growth(ref: TaskRef, wish: GrowthWish, now: Instant): Promise<Growth> {
    const [task] = await store.read([ref]);
    if (task === undefined) throw new StemProblem({ reason: "TASK_UNKNOWN", taskId: ref.id });
    const { place, next, links = [], policy, lineage } = task;
    if (policy.member === undefined) throw new StemProblem(notInCanvas);
    const { namespace } = ref;
    const { contentHash, replacement, members } = wish;
    const [node, ...nodes] = completeDrafts([...(replacement ? [replacement] : []), ...members], complete, {
      namespace,
      now,
    });
    // Its canvas is gone, and its place may be gone with it: what it has come to stands, and there is nothing to add to.
    if (place === undefined) return { contentHash, replacement: undefined, members: undefined, parts: [] };
    const mark = markFamily({ parentId: ref.id, rootId: lineage?.rootId ?? ref.id });
    const root = { namespace, canvas: place.canvas, seed: `=${ref.id}`, mark };
    if (replacement !== undefined && node !== undefined) {
      const { start, parts } = expandReplacement(node, { place, next, callbacks: links }, root);
      const kept = [...parts, ...sparesOf(start.tasks)];
      return { contentHash, replacement: start, members: undefined, parts: kept };
    }
    const further = node === undefined ? [] : [node, ...nodes];
    const { start, parts } = expandMembers(further, place.barrier, root, []);
    return {
      contentHash,
      replacement: undefined,
      members: start,
      parts: [...parts, ...sparesOf(start.tasks)],
    };
  }

  return async (ref, wish, now) => {
    try {
      return { growth: await growth(ref, wish, now) };
    } catch (error) {
      if (error instanceof StemProblem) return { failure: failureOf(error.problem) };
      throw error;
    }
  };
}

const notInCanvas: Problem = {
  reason: "FIELD_INVALID",
  violations: [{ field: "outcome", description: "must not add to a canvas: the task is in none" }],
};
