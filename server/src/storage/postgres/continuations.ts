import type { NodeEnd } from "../../model/barrier.ts";
import type { Barrier, Growth } from "../../model/canvas.ts";
import type { Instant } from "../../model/ids.ts";
import type { Continued } from "../sql/ended-row.ts";

/** What others wait for: an end of a task, of which the rest is still to be read; of a barrier; one that is known whole. */
export type OwedEnd =
  | { readonly kind: "task"; readonly ended: Continued }
  | { readonly kind: "barrier"; readonly barrier: Barrier; readonly now: Instant }
  | { readonly kind: "known"; readonly end: NodeEnd; readonly now: Instant };

/** What a settlement adds to the canvas of its task. */
export type OwedGrowth = Pick<Continued, "seq" | "id" | "queue" | "now"> & { readonly growth: Growth };

/** What verbs of a transaction owe. */
export type Owed = { readonly ends: readonly OwedEnd[]; readonly growths: readonly OwedGrowth[] };

/** What ends of tasks and barriers mean to others, between the end and the end of its verb. */
export type Continuations = {
  owe(end: OwedEnd): void;
  grow(growth: OwedGrowth): void;
  /** All that is owed, which then is not any more; undefined: nothing is. */
  take(): Owed | undefined;
};

/** Makes it, with nothing owed. */
export function createContinuations(): Continuations {
  let ends: OwedEnd[] = [];
  let growths: OwedGrowth[] = [];
  return {
    owe: (end) => void ends.push(end),
    grow: (growth) => void growths.push(growth),
    take() {
      if (ends.length + growths.length === 0) return undefined;
      const owed = { ends, growths };
      [ends, growths] = [[], []];
      return owed;
    },
  };
}
