/** The parts that a retry needs. */

import type { Part, PartTask } from "../model/canvas.ts";
import type { CanvasId, Namespace, PartId, TaskId } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { CanvasReader } from "../ports/canvas-reader.ts";
import type { Node } from "./remains.ts";
import { isReplaced } from "./retry-plan.ts";
import { spareIdOf } from "./spare.ts";

/** Where parts are read. */
export type PartSource = {
  readonly store: Pick<CanvasReader, "readParts">;
  readonly namespace: Namespace;
  readonly canvas: CanvasId;
};

type Parts = ReadonlyMap<PartId, Part>;

/** As many parts are read with one call. */
const pageSize = 100;

/** Reads parts; those that are not there are left out. */
async function readSome({ store, namespace, canvas }: PartSource, ids: Iterable<PartId>): Promise<Parts> {
  const found = new Map<PartId, Part>();
  const wanted = [...new Set(ids)];
  for (let at = 0; at < wanted.length; at += pageSize) {
    const page = await store.readParts(namespace, canvas, wanted.slice(at, at + pageSize));
    for (const part of page) if (part !== undefined) found.set(part.id, part);
  }
  return found;
}

/** Reads parts. A canvas that lacks one is being removed. */
export async function readAll(source: PartSource, ids: Iterable<PartId | undefined>): Promise<Parts> {
  const wanted = new Set([...ids].filter((id) => id !== undefined));
  const found = await readSome(source, wanted);
  if (found.size < wanted.size) throw new StemProblem({ reason: "CANVAS_UNKNOWN", canvasId: source.canvas });
  return found;
}

/** What the success of what starts, or is in a part, starts. */
export const nextOf = ({
  tasks,
  barriers,
}: Pick<Part, "tasks" | "barriers">): readonly (PartId | undefined)[] => [
  ...tasks.map(({ task }) => task.next),
  ...barriers.map(({ next }) => next),
];

/** Reads parts, and those that follow them, to the end. */
export async function readFollowing(source: PartSource, ids: Iterable<PartId | undefined>): Promise<Parts> {
  const found = new Map<PartId, Part>();
  for (let wanted = [...ids]; wanted.length > 0; ) {
    const read = await readAll(source, wanted);
    for (const [id, part] of read) found.set(id, part);
    wanted = [...read.values()].flatMap(nextOf).filter((id) => id !== undefined && !found.has(id));
  }
  return found;
}

/** A task that was not made, and what would have started it; undefined: nothing, it starts at once. */
export type Unmade = { readonly task: PartTask; readonly after: Node | undefined };

/** Finds tasks of which there is no record in what was to start them. TASK_UNKNOWN: there is one that is not there, either. */
export async function findUnmade(
  source: PartSource,
  missing: readonly TaskId[],
  nodes: readonly Node[],
): Promise<readonly Unmade[]> {
  if (missing.length === 0) return [];
  const spares = await readSome(source, missing.map(spareIdOf));
  const found = new Map<TaskId, Unmade>();
  const enter = (part: Part, after: Node | undefined): void => {
    for (const task of part.tasks) found.set(task.id, { task, after });
  };
  for (const spare of spares.values()) enter(spare, undefined);
  if (missing.some((id) => !found.has(id))) {
    const starters = nodes.filter((node) => node.of.state === "succeeded" && !isReplaced(node));
    const parts = await readAll(
      source,
      starters.map(({ of }) => of.next),
    );
    for (const node of starters) {
      const part = node.of.next && parts.get(node.of.next);
      if (part !== undefined) enter(part, node);
    }
  }
  return missing.map((taskId) => {
    const unmade = found.get(taskId);
    if (unmade === undefined) throw new StemProblem({ reason: "TASK_UNKNOWN", taskId });
    return unmade;
  });
}
