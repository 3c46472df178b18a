/** What is left of a canvas that has ended: what it was made of, as far as that came into being, and what became of it. */

import type { Barrier, Member } from "../model/canvas.ts";
import { type BarrierId, type CanvasId, type Namespace, rootOf } from "../model/ids.ts";
import type { Place } from "../model/place.ts";
import type { Task } from "../model/task.ts";
import type { CanvasReader } from "../ports/canvas-reader.ts";
import type { TaskStore } from "../ports/task-store.ts";

/** A task or a barrier that came into being. */
export type Node =
  | { readonly kind: "task"; readonly of: Task; readonly place: Place }
  | { readonly kind: "barrier"; readonly of: Barrier; readonly place: Place };

/** All of it that a retry looks at. */
export type Remains = {
  readonly root: Barrier;
  /** Its tasks without their contents, and its barriers but for the outermost one, in no order. */
  readonly nodes: readonly Node[];
  /** Those that are, or were on the way to be, a member of a barrier, in no order. */
  nodesAt(barrier: BarrierId, index: number): readonly Node[];
  /** A member of a barrier that did not succeed; undefined: it has not ended. */
  memberAt(barrier: BarrierId, index: number): Member | undefined;
};

type Readings = Pick<CanvasReader, "listBarriers" | "readMembers"> & Pick<TaskStore, "list">;

/** As many rows are read with one call. */
const pageSize = 1000;

/** Reads it. What goes on meanwhile is seen as it was, or as it is; members are read last, so that nothing that has ended is missed. */
export async function readRemains(store: Readings, root: Barrier, bytesMax: number): Promise<Remains> {
  const { namespace, canvas } = root;
  const barriers = await barriersOf(store, namespace, canvas);
  const nodes: Node[] = [];
  for (const of of barriers) if (of.place !== undefined) nodes.push({ kind: "barrier", of, place: of.place });
  for (const of of await tasksOf(store, namespace, canvas))
    if (of.place !== undefined) nodes.push({ kind: "task", of, place: of.place });
  const members = new Map<string, Member>();
  for (const { id, state } of barriers)
    if (state !== "succeeded")
      for (const member of await membersOf(store, { namespace, id }, bytesMax))
        members.set(keyOf(id, member.index), member);
  const at = Map.groupBy(nodes, ({ place: { barrier, index } }) => keyOf(barrier, index));
  return {
    ...{ root: barriers.find(({ id }) => id === rootOf(canvas)) ?? root, nodes },
    nodesAt: (barrier, index) => at.get(keyOf(barrier, index)) ?? [],
    memberAt: (barrier, index) => members.get(keyOf(barrier, index)),
  };
}

const keyOf = (barrier: BarrierId, index: number): string => `${barrier} ${index}`;

async function barriersOf(
  store: Readings,
  namespace: Namespace,
  canvas: CanvasId,
): Promise<readonly Barrier[]> {
  const all: Barrier[] = [];
  for (;;) {
    const after = all.at(-1)?.id;
    const page = await store.listBarriers({ namespace, canvas, after, limit: pageSize });
    all.push(...page);
    if (page.length < pageSize) return all;
  }
}

async function tasksOf(store: Readings, namespace: Namespace, canvas: CanvasId): Promise<readonly Task[]> {
  const all: Task[] = [];
  let after: number | undefined;
  do {
    const page = await store.list({
      ...{ namespace, canvas, states: [], limit: pageSize, after, full: false, bytesMax: 0 },
      ...{ queue: undefined, name: undefined, tag: undefined, createdFrom: undefined, createdTo: undefined },
    });
    all.push(...page.tasks);
    after = page.cursor;
  } while (after !== undefined);
  return all;
}

async function membersOf(
  store: Readings,
  ref: { readonly namespace: Namespace; readonly id: BarrierId },
  bytesMax: number,
): Promise<readonly Member[]> {
  const all: Member[] = [];
  for (;;) {
    const page = await store.readMembers({ ref, after: all.at(-1)?.index, limit: pageSize, bytesMax });
    if (page.length === 0) return all;
    for (const { index, state, source } of page) all.push({ index, state, source });
  }
}
