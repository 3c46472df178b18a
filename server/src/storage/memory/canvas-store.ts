import { addedBy, closed, grown, growthAt, opened, startedAtOnce } from "../../model/barrier.ts";
import type { Barrier, NewCanvas, Part } from "../../model/canvas.ts";
import { type BarrierRef, type Instant, type Namespace, rootOf } from "../../model/ids.ts";
import type { Lineage, NewTask } from "../../model/task.ts";
import type {
  Addition,
  AddVerdict,
  CanvasStore,
  Closing,
  RefusedTask,
  SubmitVerdict,
} from "../../ports/canvas-store.ts";
import type { AcceptVerdict } from "../../ports/task-store.ts";
import { accept, isStored } from "./accept.ts";
import { createCanvasReadings } from "./canvas-readings.ts";
import { keepParts, putBarrier } from "./canvases.ts";
import { barrierEnded, taskNotMade } from "./owe.ts";
import { type State, spaceOf } from "./state.ts";

/** Canvases, and what becomes of them from outside. What ends of tasks mean for them: continue.ts. */
export const createCanvasStore = (
  state: State,
  call: <T>(verb: () => T, now?: Instant) => Promise<T>,
): CanvasStore => ({
  submitCanvas: (canvas, now) => call(() => submitCanvas(state, canvas, now), now),
  addMembers: (addition, now) => call(() => addMembers(state, addition, now), now),
  closeBarrier: (closing) => call(() => closeBarrier(state, closing), closing.now),
  markSwept: (refs) => call(() => markSwept(state, refs)),
  pruneCanvases: (now, limit) => call(() => pruneCanvases(state, now, limit)),
  ...createCanvasReadings(state, call),
});

function submitCanvas(state: State, canvas: NewCanvas, now: Instant): SubmitVerdict {
  const { namespace, id, facts, lineage, root, start, parts } = canvas;
  const { canvases } = spaceOf(state, namespace);
  const known = canvases.barriers.get(rootOf(id))?.barrier.canvasFacts;
  if (known !== undefined) return known.contentHash === facts.contentHash ? "duplicate" : "exists";
  const opening = { namespace, lineage, canvas: id, now };
  const refused = startNow(state, start, opening, [opened(root, { ...opening, facts })]);
  if (refused !== undefined) return refused;
  keepParts(canvases, id, parts);
  return "accepted";
}

function addMembers(state: State, { ref, members, parts, isLast }: Addition, now: Instant): AddVerdict {
  const { namespace } = ref;
  const { canvases } = spaceOf(state, namespace);
  const barrier = canvases.barriers.get(ref.id)?.barrier;
  if (barrier === undefined) return { kind: "unknown" };
  const { canvas, lineage } = barrier;
  const before = canvases.parts.get(canvas)?.get(members.id);
  if (before?.first !== undefined) return { kind: "duplicate", first: before.first };
  if (barrier.state !== "open" || barrier.isSealed) return { kind: "closed" };
  const first = barrier.size;
  const after = grown(barrier, addedBy(members, barrier.id), now, isLast);
  const opening = { namespace, lineage, canvas, now };
  const refused = startNow(state, growthAt(members, barrier), opening, [after]);
  if (refused !== undefined) return { kind: "refused", ...refused };
  keepParts(canvases, canvas, [...parts, { id: members.id, barriers: [], tasks: [], first }]);
  return { kind: "added", first };
}

type Starting = {
  readonly namespace: Namespace;
  readonly lineage: Lineage;
  readonly canvas: NewCanvas["id"];
  readonly now: Instant;
};

/** Stores what starts now with the barriers above it, or nothing of both; answers the task that may not come in. */
function startNow(
  state: State,
  part: Part,
  { namespace, lineage, canvas, now }: Starting,
  above: readonly Barrier[],
): RefusedTask | undefined {
  const { canvases } = spaceOf(state, namespace);
  const { tasks, barriers } = startedAtOnce(part, { namespace, lineage, place: { canvas } }, now);
  const verdicts = accept(state, { tasks, now, atomic: true });
  const refused = refusedOf(tasks, verdicts);
  if (refused !== undefined) return refused;
  for (const barrier of [...above, ...barriers]) {
    putBarrier(canvases, barrier);
    if (barrier.state !== "open") barrierEnded(state, barrier, now);
  }
  for (const [at, task] of tasks.entries()) if (!isStored(verdicts[at])) taskNotMade(state, task, now);
  return undefined;
}

/** The first task that keeps all of them out. */
function refusedOf(tasks: readonly NewTask[], verdicts: readonly AcceptVerdict[]): RefusedTask | undefined {
  for (const [at, verdict] of verdicts.entries()) {
    const task = tasks[at]?.id;
    if (task === undefined) break;
    if (verdict === "exists") return { task, why: "exists" };
    if (typeof verdict === "object" && "refused" in verdict) return { task, why: verdict };
  }
  return undefined;
}

function closeBarrier(state: State, { ref, state: end, cause, now }: Closing): boolean {
  const { canvases } = spaceOf(state, ref.namespace);
  const barrier = canvases.barriers.get(ref.id)?.barrier;
  if (barrier?.state !== "open") return false;
  const after = closed(barrier, { state: end, cause }, now);
  putBarrier(canvases, after);
  if (end === "failed") barrierEnded(state, after, now);
  return true;
}

function markSwept(state: State, refs: readonly BarrierRef[]): void {
  for (const { namespace, id } of refs) {
    const entry = state.spaces.get(namespace)?.canvases.barriers.get(id);
    if (entry !== undefined) entry.barrier = { ...entry.barrier, hasRest: false };
  }
}

function pruneCanvases(state: State, now: Instant, limit: number): number {
  let gone = 0;
  for (const { canvases } of state.spaces.values())
    for (const { barrier } of [...canvases.barriers.values()]) {
      const purgeAt = barrier.canvasFacts?.purgeAt;
      if (purgeAt === undefined || purgeAt > now || gone >= limit) continue;
      for (const [id, { barrier: each }] of canvases.barriers)
        if (each.canvas === barrier.canvas) canvases.barriers.delete(id);
      canvases.parts.delete(barrier.canvas);
      gone += 1;
    }
  return gone;
}
