import {
  closed,
  endedBefore,
  grown,
  hasNews,
  opened,
  type WithinCanvas,
} from "../../../model/barrier-state.ts";
import type { Barrier, KeptMember, NewCanvas, Part } from "../../../model/canvas.ts";
import { rememberedAs } from "../../../model/canvas-records.ts";
import { addedBy, growthAt } from "../../../model/growth.ts";
import { type BarrierRef, type Instant, type PartId, rootOf } from "../../../model/ids.ts";
import { startedAtOnce } from "../../../model/part-start.ts";
import type {
  Addition,
  AddVerdict,
  Closing,
  RefusedTask,
  SubmitVerdict,
} from "../../../ports/canvas-store.ts";
import { refusedOf } from "../../refused-task.ts";
import { type Accepting, isStored } from "../accepting.ts";
import { createFindHash } from "../find.ts";
import type { Writing } from "../writing.ts";
import type { BarrierEntry } from "./barriers.ts";
import type { NumberedMember } from "./members.ts";
import { type PartText, partText, partTextAt } from "./parts.ts";
import { createPruneCanvases } from "./remove.ts";

/** A canvas as it comes to the writer: what starts later is kept as it is. */
export type CanvasToKeep = Omit<NewCanvas, "parts"> & { readonly parts: readonly PartText[] };
/** Further members as they come to it. */
export type AdditionToKeep = Omit<Addition, "parts"> & { readonly parts: readonly PartText[] };

/** Two calls of the port, as the writer has them. */
export type CanvasesToKeep = {
  submitCanvas(canvas: CanvasToKeep, now: Instant): SubmitVerdict;
  addMembers(addition: AdditionToKeep, now: Instant): AddVerdict;
};

type Starting = {
  readonly start: Part;
  readonly parts: readonly PartText[];
  /** What it is under, as it is then. */
  readonly above: Barrier;
  /** Members that have ended before. */
  readonly members: readonly KeptMember[];
};

/** Makes what becomes of canvases from outside. What ends of tasks mean for them: go-on.ts. */
export function createCanvasCalls(writing: Writing, accept: Accepting["accept"]) {
  const { continuations, canvases } = writing;
  const { barriers, parts: allParts, keepMembers } = canvases;
  const findHash = createFindHash(writing);

  /** Stores what starts now, or nothing of it; answers the task that may not come in. */
  function startNow(
    { start, parts, above, members }: Starting,
    within: WithinCanvas,
  ): RefusedTask | undefined {
    const { namespace, lineage, canvas, now, ended } = within;
    const started = startedAtOnce(start, { namespace, lineage, place: { canvas }, ended }, now);
    const before = barriers.at(above)?.barrier;
    // Tasks are under them; where nothing is stored, they are forgotten again.
    const entries = [above, ...started.barriers].map((barrier) => barriers.put(barrier));
    const verdicts = accept({ tasks: started.tasks, now, atomic: true });
    const refused = refusedOf(started.tasks, verdicts);
    if (refused !== undefined) {
      barriers.forget(entries.slice(before === undefined ? 0 : 1));
      if (before !== undefined) barriers.put(before);
      return refused;
    }
    const [first] = entries;
    if (first !== undefined) allParts.keep(first.canvas, parts);
    keepMembers(numbered(members, entries));
    for (const { barrier } of entries) if (hasNews(barrier)) continuations.barrierEnded(barrier, now);
    for (const [at, task] of started.tasks.entries())
      if (!isStored(verdicts[at])) continuations.taskNotMade(task, now);
    return undefined;
  }

  return {
    submitCanvas(canvas: CanvasToKeep, now: Instant): SubmitVerdict {
      const { namespace, id, facts, lineage, root, start, parts, ended: members } = canvas;
      const there = barriers.at({ namespace, id: rootOf(id) })?.barrier.canvasFacts?.contentHash;
      const known = there ?? findHash({ namespace, id: rememberedAs(id) });
      if (known !== undefined) return known === facts.contentHash ? "duplicate" : "exists";
      if (facts.retryOf !== undefined && barriers.at({ namespace, id: rootOf(facts.retryOf) }) === undefined)
        return "gone";
      const opening = { namespace, lineage, canvas: id, now, ended: endedBefore(members) };
      const above = opened(root, { ...opening, facts });
      return startNow({ start, parts, above, members }, opening) ?? "accepted";
    },

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

/** Members with the numbers of their barriers, which are among these. */
function numbered(
  members: readonly KeptMember[],
  entries: readonly BarrierEntry[],
): readonly NumberedMember[] {
  const seqs = new Map(entries.map(({ barrier, seq }) => [barrier.id, seq]));
  return members.map((member) => {
    const above = seqs.get(member.barrier);
    if (above === undefined) throw new Error("a member came without its barrier");
    return { ...member, above };
  });
}

/** What tells a repeat of a request for more members from another one. */
const noteOf = (id: PartId, first: number): PartText => partText({ id, barriers: [], tasks: [], first });
