import type { ParentFailure } from "../task-options.ts";
import { type CanvasHandle, type CanvasHandleDeps, createCanvasHandle } from "./canvas-handle.ts";
import { type SubmitOptions, submitCanvas } from "./canvas-submit.ts";
import { group } from "./compose.ts";
import type { GatherOptions, MembersSource } from "./gathering.ts";
import type { CanvasNode } from "./node.ts";

/** How a batch is gathered and submitted. */
export type CanvasBatchOptions = SubmitOptions & GatherOptions;

/** A group that is a canvas of its own. `Left` is what a member leaves. */
export interface BatchHandle<Result = unknown, Left = Result> extends CanvasHandle<Left[]> {
  /** Adds members, while it is open; answers the index of the first. CANVAS_GROUP_CLOSED. */
  add(...members: readonly CanvasNode<Result>[]): Promise<number>;
}

/** A batch that carries on has the failures of its members among their results. */
export type BatchOf<Result, Options> = Options extends { readonly onMemberFailure: "carry_on" }
  ? BatchHandle<Result, Result | ParentFailure>
  : BatchHandle<Result>;

/** Whatever can submit canvases: the client, and the context that a handler gets. */
export interface CanvasSubmitter {
  /**
   * Submits a canvas, all of it or nothing, and resolves when it is stored: `submit(chain(add.signature([1, 2]), add.s([3])))`. From then on
   * the server drives it. Rejects with StemProblem, or SchemaMismatchError when arguments do not fit.
   */
  submit<Result>(canvas: CanvasNode<Result>, options?: SubmitOptions): Promise<CanvasHandle<Result>>;
  /** Submits tasks side by side, to be watched as one, and added to while it is `open`. */
  batch<Result, const Options extends CanvasBatchOptions = CanvasBatchOptions>(
    members: MembersSource<CanvasNode<Result>>,
    options?: Options,
  ): Promise<BatchOf<Result, Options>>;
  /** A handle on a canvas that was submitted elsewhere, or earlier. Asks nothing of the server yet. */
  canvas<Result = unknown>(id: string): CanvasHandle<Result>;
}

/** Submits by the calls of a client. Functions and not methods, as the client's are: handlers take them out of their context. */
export function createCanvasSubmitter(deps: CanvasHandleDeps): CanvasSubmitter {
  const submit: CanvasSubmitter["submit"] = async <Result>(
    canvas: CanvasNode<Result>,
    options: SubmitOptions = {},
  ) => {
    const submitted = await submitCanvas(deps.calls, canvas, options);
    return createCanvasHandle<Result>(deps, submitted);
  };
  return { submit, batch: batchBy(submit), canvas: (id) => createCanvasHandle(deps, { id }) };
}

/** Batches by whatever submits canvases. */
export const batchBy =
  (submit: CanvasSubmitter["submit"]): CanvasSubmitter["batch"] =>
  async <Result, const Options extends CanvasBatchOptions>(
    members: MembersSource<CanvasNode<Result>>,
    options?: Options,
  ) => {
    const { onMemberFailure, open, skewMs, linkAttempted, linkCompleted, ...rest } =
      options ?? ({} as CanvasBatchOptions);
    const gathering = { onMemberFailure, open, skewMs, linkAttempted, linkCompleted };
    const said = Object.entries(gathering).filter(([, value]) => value !== undefined);
    const handle = await submit(group(members).gather(Object.fromEntries(said)), rest);
    const batch = { ...handle, add: (...more: readonly CanvasNode[]) => handle.addMembers(more) };
    return batch as unknown as BatchOf<Result, Options>;
  };
