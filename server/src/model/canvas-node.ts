/** A canvas as it was written: a tree of tasks, chains and groups. A chord is a chain of a group and its body. */

import { type Bulk, mapBulk } from "./bulk.ts";
import type { BarrierEnd, OnMemberFailure } from "./canvas.ts";
import type { Link } from "./task.ts";

/** A tree whose tasks are told by leaves. */
export type CanvasTree<Leaf> = TaskTree<Leaf> | ChainTree<Leaf> | GroupTree<Leaf>;

export type TaskTree<Leaf> = { readonly kind: "task" } & Leaf;

/** One after the other, each handed what the one before it left. At least one. */
export type ChainTree<Leaf> = {
  readonly kind: "chain";
  readonly steps: readonly CanvasTree<Leaf>[];
  readonly callbacks: readonly CallbackOf<Leaf>[];
};

/** Side by side. */
export type GroupTree<Leaf> = {
  readonly kind: "group";
  readonly members: readonly CanvasTree<Leaf>[];
  /** Members behind those, all of them tasks. */
  readonly bulk?: Bulk<readonly Leaf[]> | undefined;
  readonly onMemberFailure: OnMemberFailure;
  /** Further members may come. */
  readonly isOpen: boolean;
  readonly callbacks: readonly CallbackOf<Leaf>[];
};

/** A task for an end of a chain or of a group. */
export type CallbackOf<Leaf> = Leaf & { readonly on: BarrierEnd };

/** A task, complete but for its place. Without an id of its own it has one that follows from where it stands. */
export type CanvasLeaf = Omit<Link, "on">;
export type CanvasNode = CanvasTree<CanvasLeaf>;
export type TaskNode = TaskTree<CanvasLeaf>;
export type ChainNode = ChainTree<CanvasLeaf>;
export type GroupNode = GroupTree<CanvasLeaf>;

/** The leaves of a tree but for those in bulk, callbacks before what they are of, in the order in which mapTree meets them. */
export function leavesOf<Leaf>(tree: CanvasTree<Leaf>): readonly Leaf[] {
  if (tree.kind === "task") return [tree];
  const below = tree.kind === "chain" ? tree.steps : tree.members;
  return [...tree.callbacks, ...below.flatMap((each) => leavesOf(each))];
}

/** The same tree with other leaves; those in bulk are mapped a slice at a time. */
export function mapTree<From, To extends object>(
  tree: CanvasTree<From>,
  map: (leaf: From) => To,
  mapSlice: (leaves: readonly From[]) => readonly To[] = (leaves) => leaves.map(map),
): CanvasTree<To> {
  if (tree.kind === "task") return { ...map(tree), kind: "task" };
  const callbacks = tree.callbacks.map((callback) => ({ ...map(callback), on: callback.on }));
  const mapped = (below: CanvasTree<From>) => mapTree(below, map, mapSlice);
  return tree.kind === "chain"
    ? { kind: "chain", steps: tree.steps.map(mapped), callbacks }
    : {
        ...tree,
        members: tree.members.map(mapped),
        bulk: tree.bulk && mapBulk(tree.bulk, mapSlice),
        callbacks,
      };
}
