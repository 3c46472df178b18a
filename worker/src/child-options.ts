import type { EnqueueOptions } from "@stem/sdk";

/** How a task or a canvas that a handler makes belongs to that of the handler. */
export type ChildOptions = {
  /** False: it begins a family of its own, and is not cancelled with this one. It still has its trace. Default true. */
  readonly addToParent?: boolean;
};

/** Where something comes from. */
export type Family = Pick<EnqueueOptions, "trace" | "parentId" | "rootId">;

/** A handler's task, as far as what it makes comes from it. */
export type Parent = { readonly id: string; readonly rootId: string; readonly trace: Family["trace"] };

/** All that a child has of its parent: where it comes from. Headers, tags, limits and the like are each task's own. */
export function asChild<Options extends Family>(
  { id, rootId, trace }: Parent,
  { addToParent = true, ...options }: Options & ChildOptions,
): Omit<Options & ChildOptions, "addToParent"> & Family {
  return { ...(trace && { trace }), ...(addToParent && { parentId: id, rootId }), ...options };
}
