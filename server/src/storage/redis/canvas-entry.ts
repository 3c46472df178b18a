/** How canvases, and members that are added to them, come in: small ones in one script, large ones after a look at each piece of them. */

import type { NewCanvas } from "../../model/canvas.ts";
import { quotaBytes } from "../../model/continuation.ts";
import { type Instant, type Namespace, taskIdOf } from "../../model/ids.ts";
import type { RefusedTask } from "../../ports/canvas-store.ts";
import {
  argsOfBarrier,
  argsOfEnded,
  argsOfFacts,
  argsOfPart,
  argsOfParts,
  type Pieces,
  piecesOfPart,
  togetherMax,
} from "./canvas-args.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import type { Runner, Verb } from "./runner.ts";
import { listOf, textOf } from "./unpacked.ts";
import { acceptVerdictOf } from "./verdicts.ts";

const judgePart: Verb = { room: "operations", name: "judgePart" };

/** A canvas as scripts take it in; or what keeps it out, where it is so large that it is judged before. */
export type CanvasEntry = { readonly args: Packable } | { readonly refused: RefusedTask };

/** Makes one ready to come in. */
export async function enterCanvas(runner: Runner, canvas: NewCanvas, now: Instant): Promise<CanvasEntry> {
  const { namespace, id, start } = canvas;
  const pieces = piecesOfPart(start, namespace);
  const refused = await judge(runner, { namespace, pieces, now, asked: [id, false, false] });
  return refused === undefined ? { args: argsOfCanvas(canvas, now, pieces) } : { refused };
}

/** A canvas in the order that scripts/canvas-verbs.ts tells. */
export function argsOfCanvas(
  { namespace, id, root, facts, start, parts, lineage, ended }: NewCanvas,
  now: Instant,
  pieces = piecesOfPart(start, namespace),
): readonly Packable[] {
  return [
    id,
    argsOfBarrier(root, namespace),
    argsOfFacts(facts),
    argsOfPart(start, namespace, pieces),
    isJudged(pieces),
    argsOfParts(parts, namespace),
    [lineage.parentId, lineage.rootId],
    now,
    argsOfEnded(ended),
  ];
}

/** So many pieces are judged by the script that stores them. */
const judgedThereMax = 4;

/** Whether they were judged before. */
export const isJudged = (pieces: Pieces): boolean => pieces.length > judgedThereMax;

/** Whether that is so of what a canvas starts with. */
export const isLarge = ({ start }: NewCanvas): boolean => start.tasks.length > judgedThereMax * togetherMax;

/** What may come in. */
export type Judging = {
  readonly namespace: Namespace;
  readonly pieces: Pieces;
  readonly now: Instant;
  /** Canvas, barrier and part that they are for: a repeat is not judged. */
  readonly asked: readonly Packable[];
};

/**
 * The first task that keeps a large part out. It is judged piece by piece before any of it is stored, so that no script takes long; the
 * one that stores it takes all of it or nothing, and does not look again: what comes in between may at worst have an id that is one of
 * its tasks', which then has failed, as if it had come a moment later.
 */
export async function judge(
  runner: Runner,
  { namespace, pieces, now, asked }: Judging,
): Promise<RefusedTask | undefined> {
  if (!isJudged(pieces)) return undefined;
  const byQueue: Record<string, number> = {};
  let [count, bytes] = [0, 0];
  for (const { tasks, packed } of pieces) {
    const args = [...asked, packed, [count, bytes, byQueue], now];
    const answer = await runner.ofSpace(namespace, judgePart, args);
    if (answer !== false) return refusedOf(listOf(answer));
    for (const { task } of tasks) {
      byQueue[task.queue] = (byQueue[task.queue] ?? 0) + 1;
      count += 1;
      bytes += quotaBytes(task);
    }
  }
  return undefined;
}

/** A task that keeps out what it came with. */
export const refusedOf = ([task, why = false]: readonly Unpacked[]): RefusedTask => ({
  task: taskIdOf(textOf(task)),
  // Nothing else than these keeps a task out.
  why: acceptVerdictOf(why) as RefusedTask["why"],
});
