import type { Cause } from "./canvas.ts";
import type { BarrierId, Bytes, CanvasId } from "./ids.ts";

/** What a node of a canvas left: a task's encoded result, a failure where failures are values, or a list of such. */
export type NodeValue =
  | { readonly kind: "result"; readonly data: Bytes | undefined }
  | { readonly kind: "failure"; readonly cause: Cause }
  | { readonly kind: "list"; readonly items: readonly NodeValue[] };

/** Where what a barrier left is, for a task that is handed it by reference. */
export type ResultsReference = Pick<HandedValue, "canvas" | "barrier" | "size"> & {
  /** The member of its arguments that stands for it; undefined: the last one of their list. */
  readonly member: string | undefined;
};

/** What a task is handed that follows a barrier. */
export type HandedValue = {
  readonly canvas: CanvasId;
  readonly barrier: BarrierId;
  /** How many members that has. */
  readonly size: number;
  /** Undefined: it is more than is handed by value. */
  readonly value: NodeValue | undefined;
};
