import { closed, endedBefore, grown, opened } from "../../../model/barrier-state.ts";
import { rememberedAs } from "../../../model/canvas-records.ts";
import { addedBy, growthAt } from "../../../model/growth.ts";
import { type BarrierRef, type Instant, type PartId, rootOf } from "../../../model/ids.ts";
import type { AddVerdict, Closing, SubmitVerdict } from "../../../ports/canvas-store.ts";
import type { Accepting } from "../accepting.ts";
import { createFindHash } from "../find.ts";
import type { Writing } from "../writing.ts";
import { type PartText, partText, partTextAt } from "./parts.ts";
import { createPieces, type PiecesToKeep } from "./pieces.ts";
import { createPruneCanvases } from "./remove.ts";
import { createStartNow } from "./start-now.ts";
import type { AdditionToKeep, CanvasToKeep } from "./to-keep.ts";

/** Two calls of the port, as the writer has them. */
export type CanvasesToKeep = PiecesToKeep & {
  submitCanvas(canvas: CanvasToKeep, now: Instant): SubmitVerdict;
  addMembers(addition: AdditionToKeep, now: Instant): AddVerdict;
};

/** Makes what becomes of canvases from outside. What ends of tasks mean for them: go-on.ts. */
export function createCanvasCalls(writing: Writing, accept: Accepting["accept"]) {
  const { continuations, canvases } = writing;
  const { barriers, parts: allParts } = canvases;
  const findHash = createFindHash(writing);
  const steps = createStartNow(writing, accept);
  const { startNow } = steps;

  /** The hash of a canvas that has this id, or had it. */
  function hashOf({ namespace, id }: Pick<CanvasToKeep, "namespace" | "id">): string | undefined {
    const there = barriers.at({ namespace, id: rootOf(id) })?.barrier.canvasFacts?.contentHash;
    return there ?? findHash({ namespace, id: rememberedAs(id) });
  }

  function submitCanvas(canvas: CanvasToKeep, now: Instant): SubmitVerdict {
    const { namespace, id, facts, lineage, root, start, parts, ended: members } = canvas;
    const known = hashOf(canvas);
    if (known !== undefined) return known === facts.contentHash ? "duplicate" : "exists";
    if (facts.retryOf !== undefined && barriers.at({ namespace, id: rootOf(facts.retryOf) }) === undefined)
      return "gone";
    const opening = { namespace, lineage, canvas: id, now, ended: endedBefore(members) };
    const above = opened(root, { ...opening, facts });
    return startNow({ start, parts, above, members }, opening) ?? "accepted";
  }

  return {
    submitCanvas,
    ...createPieces(barriers, { ...steps, hashOf, submitCanvas }),

    addMembers({ ref, members, parts, isLast }: AdditionToKeep, now: Instant): AddVerdict {
      const { namespace } = ref;
      const entry = barriers.at(ref);
      if (entry === undefined) return { kind: "unknown" };
      const { barrier } = entry;
      const before = allParts.at(entry.canvas, members.id)?.first;
      if (before !== undefined) return { kind: "duplicate", first: before };
      if (barrier.state !== "open" || barrier.isSealed) return { kind: "closed" };
      const { canvas, lineage, size: first } = barrier;
      const starting = {
        start: growthAt(members, barrier),
        parts: [...parts.map((part) => partTextAt(part, barrier)), noteOf(members.id, first)],
        above: grown(barrier, addedBy(members, barrier.id), now, isLast),
        members: [],
      };
      const refused = startNow(starting, { namespace, lineage, canvas, now });
      return refused === undefined ? { kind: "added", first } : { kind: "refused", ...refused };
    },

    closeBarrier({ ref, state, cause, now }: Closing): boolean {
      const barrier = barriers.at(ref)?.barrier;
      if (barrier?.state !== "open") return false;
      const after = closed(barrier, { state, cause }, now);
      barriers.put(after);
      if (state === "failed") continuations.barrierEnded(after, now);
      return true;
    },

    markSwept(refs: readonly BarrierRef[]): void {
      for (const ref of refs) {
        const barrier = barriers.at(ref)?.barrier;
        if (barrier?.hasRest) barriers.put({ ...barrier, hasRest: false });
      }
    },

    pruneCanvases: createPruneCanvases(writing),
  };
}

/** What tells a repeat of a request for more members from another one. */
const noteOf = (id: PartId, first: number): PartText => partText({ id, barriers: [], tasks: [], first });
