import type { CanvasNode } from "@stem/sdk";

/**
 * What a handler returns that puts others in the place of its task: `return ctx.replace(chain(…))`. The task has then succeeded, and what
 * waits for its result waits for theirs.
 */
export class Replacement<Result = unknown> {
  /** What takes its place; undefined: the handler's thread or process has said it. */
  readonly node: CanvasNode<Result> | undefined;

  constructor(node: CanvasNode<Result> | undefined) {
    this.node = node;
  }
}
