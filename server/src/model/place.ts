import type { BarrierId, CanvasId } from "./ids.ts";

/** Where a task or a barrier is in its canvas, and what it says of its end there. */
export type Place = {
  readonly canvas: CanvasId;
  /** The barrier that it is under. */
  readonly barrier: BarrierId;
  /** As which of its members, from 0. */
  readonly index: number;
  /** "end": its end is that member's. "unsuccessful": where it succeeds, what it starts goes on as that member. */
  readonly reports: "end" | "unsuccessful";
  /** Which one of its chain it is, from 0; undefined: it is in none. */
  readonly step?: number | undefined;
  /** It stands in for a task whose first attempt has been told of. */
  readonly isTried?: boolean | undefined;
};
