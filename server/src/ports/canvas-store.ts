import type { Refusal } from "../model/admission.ts";
import type { Cause, NewCanvas, Part } from "../model/canvas.ts";
import type { BarrierRef, Instant, TaskId } from "../model/ids.ts";
import type { CanvasReader } from "./canvas-reader.ts";
import type { UniqueVerdict } from "./task-store.ts";

/**
 * Where canvases live (model/canvas.ts). Same transactions, same errors as TaskStore, whose verbs tell a canvas of the ends of its tasks
 * as model/barrier.ts says: in the transaction of the end, and again for every barrier that ends by it, until nothing more does. What a
 * canvas makes was promised when it was submitted: no quota, bound or closed queue is in its way. A task of it that cannot be made has
 * failed. A task that ended is kept as long as there is a canvas that it is in, whatever its own retention says.
 */
export interface CanvasStore extends CanvasReader {
  /** Stores a canvas with what starts at once, or nothing of it; idempotent by id and content hash for as long as it is kept. */
  submitCanvas(canvas: NewCanvas, now: Instant): Promise<SubmitVerdict>;
  /**
   * Adds members to a barrier that takes them, or nothing; the indexes of their places count from the number of those that are there.
   * Idempotent by the part's id.
   */
  addMembers(addition: Addition, now: Instant): Promise<AddVerdict>;
  /**
   * Ends an open barrier before its members, and tells what is above it, where it has failed. False: it was not open. What is under it
   * goes on until it is swept.
   */
  closeBarrier(closing: Closing): Promise<boolean>;
  /** Notes that nothing goes on under these. */
  markSwept(refs: readonly BarrierRef[]): Promise<void>;
  /**
   * Removes ended canvases whose retention is over, at most `limit`, with their barriers and parts. Answers how many. One that another
   * retries which is kept stays: what succeeded in it is among that one's members.
   */
  pruneCanvases(now: Instant, limit: number): Promise<number>;
}

/**
 * accepted: stored now. duplicate: it was stored before. exists: the id is taken by other content. gone: the canvas that it retries is not
 * kept any more. A refusal: of this task.
 */
export type SubmitVerdict = "accepted" | "duplicate" | "exists" | "gone" | RefusedTask;

/** A task that keeps everything out that came with it. A unique verdict: another task has its key, and it wants to be refused then. */
export type RefusedTask = { readonly task: TaskId; readonly why: Refusal | "exists" | UniqueVerdict };

export type Addition = {
  readonly ref: BarrierRef;
  /** The further members; its id stands for the request. */
  readonly members: Part;
  /** What follows them. */
  readonly parts: readonly Part[];
  /** No others come after them. */
  readonly isLast: boolean;
};

/** `first`: the index of the first of them. closed: it is sealed, or has ended. */
export type AddVerdict =
  | { readonly kind: "added" | "duplicate"; readonly first: number }
  | { readonly kind: "unknown" | "closed" }
  | ({ readonly kind: "refused" } & RefusedTask);

export type Closing = {
  readonly ref: BarrierRef;
  readonly state: "failed" | "cancelled";
  readonly cause: Cause | undefined;
  readonly now: Instant;
};
