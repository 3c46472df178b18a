import type { Growth } from "../model/canvas.ts";
import type { CanvasTree } from "../model/canvas-node.ts";
import type { Bytes, Instant, TaskRef } from "../model/ids.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Link } from "../model/task.ts";
import type { TaskSubmission } from "./task-submission.ts";

/** A task of a canvas to be: what is asked for, where in the request, and whether it is handed what is before it. */
export type DraftLeaf = Pick<Link, "hands"> & {
  readonly submission: TaskSubmission;
  readonly path: string;
};

/** A canvas, or a part of one, as its producer asks for it. */
export type CanvasDraft = CanvasTree<DraftLeaf>;

/** What a handler asks for: a tree in its task's place, or further members of the group that its task is in. */
export type GrowthWish = {
  /** A text for all that it says. */
  readonly contentHash: string;
  readonly replacement: CanvasDraft | undefined;
  readonly members: readonly CanvasDraft[];
};

/** Makes of a wish what a settlement carries, or answers the failure that it is: the task is in no canvas, or its wish may not be. */
export type Grow = (
  ref: TaskRef,
  wish: GrowthWish,
  now: Instant,
) => Promise<{ readonly growth: Growth } | { readonly failure: Bytes }>;

/** An outcome as a worker says it: what it adds to a canvas is not made yet. */
export type SaidOutcome =
  | Exclude<Outcome, { kind: "replaced" }>
  | { readonly kind: "succeeded"; readonly result: Bytes | undefined; readonly wish: GrowthWish }
  | { readonly kind: "replaced"; readonly wish: GrowthWish };

/** The outcome that an attempt has come to. */
export async function outcomeOf(
  said: SaidOutcome | Outcome,
  { ref, grow, now }: { readonly ref: TaskRef; readonly grow: Grow; readonly now: Instant },
): Promise<Outcome> {
  if (!("wish" in said)) return said;
  const made = await grow(ref, said.wish, now);
  if ("failure" in made) return { kind: "failed", failure: made.failure, nonRetryable: true };
  const { growth } = made;
  return said.kind === "replaced"
    ? { kind: "replaced", growth }
    : { kind: "succeeded", result: said.result, growth };
}
