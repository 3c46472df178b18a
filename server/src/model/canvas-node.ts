/** A canvas as it was written: a tree of tasks, chains and groups. A chord is a chain of a group and its body. */

import type { Callback, OnMemberFailure } from "./canvas.ts";
import type { Link } from "./task.ts";

export type CanvasNode = TaskNode | ChainNode | GroupNode;

/** A task, complete but for its place. Without an id of its own it has one that follows from where it stands. */
export type TaskNode = { readonly kind: "task" } & Omit<Link, "on">;

/** One after the other, each handed what the one before it left. At least one. */
export type ChainNode = {
  readonly kind: "chain";
  readonly steps: readonly CanvasNode[];
  readonly callbacks: readonly Callback[];
};

/** Side by side. */
export type GroupNode = {
  readonly kind: "group";
  readonly members: readonly CanvasNode[];
  readonly onMemberFailure: OnMemberFailure;
  /** Further members may come. */
  readonly isOpen: boolean;
  readonly callbacks: readonly Callback[];
};
