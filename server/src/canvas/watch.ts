import { type Bells, createBells } from "../lib/bells.ts";
import { follow } from "../lib/follow.ts";
import type { Namespace } from "../model/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { CanvasRef, CanvasView, Reading } from "./reading.ts";

/** Follows a canvas until it has ended, or nobody listens any more. */
export type Watch = (ref: CanvasRef, signal: AbortSignal, timeoutMs: number) => AsyncIterable<CanvasView>;

/** Makes it; `get` reads the canvas with its groups. */
export function createWatch(clock: Clock, bells: Bells, get: Reading["get"]): Watch {
  return async function* (ref, signal, timeoutMs) {
    let seen = "";
    yield* follow(
      { clock, bells },
      {
        ...{ key: ref.namespace, timeoutMs, signal },
        read: () => get(ref, true),
        hasMore: () => false,
        isLast: ({ canvas }) => canvas.state !== "open",
        isNews(view) {
          const now = wordsOf(view);
          const isNews = now !== seen;
          seen = now;
          return isNews;
        },
      },
    );
  };
}

/** What of a canvas is worth telling. */
const wordsOf = ({ canvas, groups }: CanvasView): string =>
  [canvas, ...groups].map(({ id, state, size, ended }) => `${id} ${state} ${size} ${ended}`).join("\n");

/** Bells of canvases, by namespace, and hints that ring them besides: whoever waits for a canvas looks when any task there has ended. */
export function withCanvasBells(hints: TaskHints): { readonly hints: TaskHints; readonly bells: Bells } {
  const bells = createBells();
  const ring = (refs: readonly { readonly namespace: Namespace }[]): void => {
    if (bells.isHeard)
      for (const namespace of new Set(refs.map((ref) => ref.namespace))) bells.ring(namespace);
  };
  return {
    bells,
    hints: {
      ...hints,
      changed(refs) {
        hints.changed(refs);
        ring(refs);
      },
      manyChanged(namespace) {
        hints.manyChanged(namespace);
        ring([{ namespace }]);
      },
      leaseEnded(refs) {
        hints.leaseEnded(refs);
        ring(refs);
      },
    },
  };
}
