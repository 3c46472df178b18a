import type {
  BatchOf,
  CanvasBatchOptions,
  CanvasHandle,
  CanvasNode,
  CanvasPlace,
  CanvasSubmitter,
  MembersSource,
  SubmitOptions,
} from "@stem/sdk";
import type { ChildOptions } from "./child-options.ts";
import type { Replacement } from "./replacement.ts";

/** Where a task is in its canvas, and in its family. */
export type TaskPlace = CanvasPlace & {
  /** The task whose handler submitted the canvas, or whose end made this one; undefined: a producer submitted it, or a group's end made it. */
  readonly parentId: string | undefined;
  /** The first of all its ancestors; of a canvas that a producer submitted the canvas' id. */
  readonly rootId: string;
};

/** What a handler can do with canvases: submit some, as the client does, and change that of its own task. */
export interface CanvasContext extends CanvasSubmitter {
  submit<Result>(
    canvas: CanvasNode<Result>,
    options?: SubmitOptions & ChildOptions,
  ): Promise<CanvasHandle<Result>>;
  batch<Result, const Options extends CanvasBatchOptions & ChildOptions = CanvasBatchOptions>(
    members: MembersSource<CanvasNode<Result>>,
    options?: Options,
  ): Promise<BatchOf<Result, Options>>;
  /**
   * Where this task is: the canvas, the group and as which of its members, which step of its chain, and whose child; undefined when it is in no
   * canvas, or in one that is gone. Asks the server at each call.
   */
  place(): Promise<TaskPlace | undefined>;
  /**
   * Puts others in the place of this task, once it is returned: `return ctx.replace(chain(…))`. What waits for the task's result waits for
   * theirs. Only of a task in a canvas: another one fails for good.
   */
  replace<Result>(node: CanvasNode<Result>): Replacement<Result>;
  /**
   * Adds members to the group that this task is in, when it succeeds: they are in the settlement, or nowhere. Of no consequence where the
   * group is no longer open to its members; a task that is in no canvas fails for good.
   */
  addToGroup(...members: readonly CanvasNode[]): void;
}
