import type { Barrier, Growth } from "../../model/canvas.ts";
import type { Instant } from "../../model/ids.ts";
import type { NodeEnd } from "../../model/node-end.ts";
import type { Continued } from "../sql/ended-row.ts";

/**
 * What a verb owes to those that wait for it: an end of a task, or what a settlement adds to the canvas of its task, of which the rest is
 * still to be read; an end of a barrier; an end that is known whole.
 */
export type Owed =
  | { readonly kind: "task"; readonly ended: Continued }
  | (Pick<Continued, "seq" | "id" | "queue" | "now"> & { readonly kind: "growth"; readonly growth: Growth })
  | { readonly kind: "barrier"; readonly barrier: Barrier; readonly now: Instant }
  | { readonly kind: "known"; readonly end: NodeEnd; readonly now: Instant };

/** What ends of tasks and barriers mean to others, between the end and the end of its verb. */
export type Continuations = {
  owe(one: Owed): void;
  /** All that is owed, in order, which then is not any more. */
  take(): readonly Owed[];
};

/** Makes it, with nothing owed. */
export function createContinuations(): Continuations {
  let owed: Owed[] = [];
  return {
    owe: (one) => void owed.push(one),
    take() {
      const taken = owed;
      owed = [];
      return taken;
    },
  };
}
