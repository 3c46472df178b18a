import { expandCanvas } from "../../server/src/canvas/expand.ts";
import { sparesOf } from "../../server/src/canvas/spare.ts";
import { mapBulk } from "../../server/src/model/bulk.ts";
import type { Callback, CanvasFacts, NewCanvas, OnMemberFailure } from "../../server/src/model/canvas.ts";
import type { CanvasNode, ChainNode, GroupNode, TaskNode } from "../../server/src/model/canvas-node.ts";
import { type Bytes, canvasIdOf, defaultNamespace, taskIdOf } from "../../server/src/model/ids.ts";
import { defaults } from "../../server/src/model/limits.ts";
import type { Link, TaskPolicy } from "../../server/src/model/task.ts";
import { linkOn } from "./new-link.ts";
import { bytesOf, type TaskDetails } from "./new-task.ts";

/** A task of a canvas; its content is what it is called. */
export function leaf(name: string, details: TaskDetails = {}, own: Partial<Link> = {}): TaskNode {
  const { on: _, task, ...link } = linkOn("succeeded", { task: { content: bytesOf(name), ...details } });
  return { kind: "task", ...link, task: { ...task, policy: shared(task.policy) }, ...own };
}

const policies = new Map<string, TaskPolicy>();

/** One for all that say the same, as the broker has it: stores take tasks together that share theirs. */
function shared(policy: TaskPolicy): TaskPolicy {
  const key = JSON.stringify(policy);
  const found = policies.get(key) ?? policy;
  policies.set(key, found);
  return found;
}

/** One after the other. */
export const chain = (...steps: readonly CanvasNode[]): ChainNode => ({
  kind: "chain",
  steps,
  callbacks: [],
});

/** Side by side, and what becomes of them if one fails. */
export const group = (onMemberFailure: OnMemberFailure, ...members: readonly CanvasNode[]): GroupNode => ({
  ...{ kind: "group", members, onMemberFailure, isOpen: false, callbacks: [] },
});

/** A group, and what becomes of its results. */
export const chord = (body: CanvasNode, ...header: readonly CanvasNode[]): ChainNode =>
  chain(group("fail_fast", ...header), body);

/** The same node, with a task for an end of it. */
export const calling = <N extends ChainNode | GroupNode>(node: N, on: Callback["on"], name: string): N => ({
  ...node,
  callbacks: [...node.callbacks, { ...linkOn("succeeded", { task: { content: bytesOf(name) } }), on }],
});

/** Leaves a content as it is, for trees whose tasks tell nobody of their family. */
export const unmarked = (content: Bytes): Bytes => content;

/** A canvas of a tree, as it is submitted. */
export function newCanvas(id: string, node: CanvasNode, facts: Partial<CanvasFacts> = {}): NewCanvas {
  const canvas = canvasIdOf(id);
  const expanded = expandCanvas(node, { namespace: defaultNamespace, canvas, mark: unmarked });
  return {
    ...{ namespace: defaultNamespace, id: canvas },
    lineage: { parentId: undefined, rootId: taskIdOf(id) },
    facts: {
      ...{
        contentHash: `hash of ${id}`,
        deadline: undefined,
        retentionMs: defaults.retentionMs,
        purgeAt: undefined,
      },
      ...{ name: "", tags: [], description: bytesOf(`description of ${id}`), retryOf: undefined },
      ...facts,
    },
    ...expanded,
    bulk: expanded.bulk && mapBulk(expanded.bulk, (tasks) => ({ tasks, parts: sparesOf(tasks) })),
    parts: [...expanded.parts, ...sparesOf(expanded.start.tasks)],
    ended: [],
  };
}
