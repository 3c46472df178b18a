/** What a retry makes of what is left of a canvas. Pure. */

import type { Barrier, KeptMember, Part } from "../model/canvas.ts";
import { unmadeOf } from "../model/canvas-records.ts";
import type { BarrierId, PartId, TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { Node, Remains } from "./remains.ts";

export type Plan = {
  /** Those that come again, the outermost first; what they are under is among them, too. */
  readonly barriers: Barrier[];
  /** Members that have succeeded, and stay so. */
  readonly kept: KeptMember[];
  /** Tasks that run again. */
  readonly again: Task[];
  /** Chains of which all that came into being has succeeded, and which did not go on. */
  readonly stopped: Stopped[];
  /** Tasks of which there is no record: they could not be made, or somebody has removed it. */
  readonly missing: TaskId[];
};

/** Such a chain, and which member it was to be. */
export type Stopped = {
  readonly barrier: BarrierId;
  readonly index: number;
  readonly nodes: readonly Node[];
};

/**
 * What comes again, from the outermost barrier down: of each member that has not succeeded, where it did not; what is before that stays as
 * it is. What has not ended yet has not succeeded.
 */
export function planOf(remains: Remains): Plan {
  const plan: Plan = { barriers: [], kept: [], again: [], stopped: [], missing: [] };
  for (const next: Barrier[] = [remains.root]; ; ) {
    const barrier = next.shift();
    if (barrier === undefined) return plan;
    plan.barriers.push(barrier);
    for (let index = 0; index < barrier.size; index += 1) {
      const inner = planMember(plan, remains, barrier.id, index);
      if (inner !== undefined) next.push(inner);
    }
  }
}

/** Answers the barrier that comes again as that member, if one does. */
function planMember(plan: Plan, remains: Remains, barrier: BarrierId, index: number): Barrier | undefined {
  const member = remains.memberAt(barrier, index);
  if (member?.state === "succeeded") {
    plan.kept.push({ barrier, ...member });
    return undefined;
  }
  const nodes = remains.nodesAt(barrier, index);
  const failed = newestOf(nodes.filter((node) => !hasSucceeded(node, nodes)));
  if (failed?.kind === "barrier") return failed.of;
  if (failed !== undefined) plan.again.push(failed.of);
  else if (nodes.length > 0) plan.stopped.push({ barrier, index, nodes });
  else if (member?.source.kind === "task") plan.missing.push(unmadeOf(member.source.id) ?? member.source.id);
  else throw new Error("a member of a canvas has left nothing");
  return undefined;
}

/** One that was to be replaced has not, where the replacement did not come: its canvas had ended by then. */
function hasSucceeded(node: Node, beside: readonly Node[]): boolean {
  if (node.of.state !== "succeeded") return false;
  return (
    !isReplaced(node) || beside.some((other) => other.kind === "barrier" && other.of.next === node.of.next)
  );
}

/** Another node goes on in its place. */
export const isReplaced = ({ kind, of }: Node): boolean => kind === "task" && of.reason === "replaced";

/** Where several have not, things went on while they were read: the newest is the furthest. */
const newestOf = (nodes: readonly Node[]): Node | undefined =>
  nodes.reduce<Node | undefined>(
    (newest, node) => (newest !== undefined && newest.of.createdAt >= node.of.createdAt ? newest : node),
    undefined,
  );

/** The last one of a chain that stopped: what its success starts has not come into being. */
export function lastOf({ nodes }: Stopped, parts: ReadonlyMap<PartId, Part>): Node {
  const ids = new Set<string>(nodes.map(({ of }) => of.id));
  const isStarted = (next: PartId | undefined): boolean => {
    const part = next && parts.get(next);
    return part !== undefined && [...part.tasks, ...part.barriers].some(({ id }) => ids.has(id));
  };
  const last = nodes.find((node) => !isReplaced(node) && !isStarted(node.of.next));
  if (last === undefined) throw new Error("a chain has no end");
  return last;
}
