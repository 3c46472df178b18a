/** What settlements add to the canvases of their tasks, on its way in. */

import { create } from "@bufbuild/protobuf";
import type { CanvasNode } from "@stem/proto/stem/v1/canvas_pb";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import type { GrowthWish } from "../../broker/broker.ts";
import type { Bytes, Instant, Namespace } from "../../model/ids.ts";
import type { Defaults, Limits } from "../../model/limits.ts";
import { type Problem, StemProblem } from "../../model/problem.ts";
import { problemToStatus } from "../problem-table.ts";
import { digestOfDrafts } from "./canvas-digest.ts";
import { readDrafts } from "./canvas-draft.ts";
import { encodeFailure } from "./failure.ts";
import { createNewTaskReader } from "./new-task.ts";

/** Reads what takes a task's place, or further members of its group. */
export type GrowthReader = {
  replacement(node: CanvasNode | undefined, namespace: Namespace): GrowthWish | Problem;
  members(nodes: readonly CanvasNode[], namespace: Namespace): GrowthWish | Problem;
};

/** Makes it. */
export function createGrowthReader(limits: Limits, defaults: Defaults, now: () => Instant): GrowthReader {
  const read = createNewTaskReader({ limits, defaults });
  const drafts = (
    nodes: readonly CanvasNode[],
    namespace: Namespace,
    pathOf: (at: number) => string,
    wish: (drafts: ReturnType<typeof readDrafts>) => Omit<GrowthWish, "contentHash">,
  ): GrowthWish | Problem => {
    try {
      const read_ = readDrafts(nodes, pathOf, { namespace, now: now(), limits, read, trace: undefined });
      return { ...wish(read_), contentHash: digestOfDrafts(read_, namespace) };
    } catch (error) {
      if (error instanceof StemProblem) return error.problem;
      throw error;
    }
  };
  return {
    replacement: (node, namespace) =>
      drafts(
        node === undefined ? [] : [node],
        namespace,
        () => "replaced.node",
        ([replacement]) => ({
          ...{ replacement, members: [] },
        }),
      ),
    members: (nodes, namespace) =>
      drafts(
        nodes,
        namespace,
        (at) => `succeeded.new_members[${at}]`,
        (members) => ({
          ...{ replacement: undefined, members },
        }),
      ),
  };
}

/** Makes what a task fails with whose wish may not be. */
export const createGrowthFailure =
  (limits: Limits) =>
  (problem: Problem): Bytes =>
    encodeFailure(
      create(FailureSchema, {
        ...{ type: "CanvasGrowthRefused", message: problemToStatus(problem).message, nonRetryable: true },
      }),
      limits,
    );
