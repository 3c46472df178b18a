import { closed, endedBefore, grown, hasNews, opened, type WithinCanvas } from "../../model/barrier-state.ts";
import type { Barrier, KeptMember, NewCanvas, Part } from "../../model/canvas.ts";
import { rememberedAs } from "../../model/canvas-records.ts";
import { addedBy, growthAt } from "../../model/growth.ts";
import { type BarrierRef, type CanvasId, type Instant, plus, rootOf } from "../../model/ids.ts";
import { startedAtOnce } from "../../model/part-start.ts";
import type {
  Addition,
  AddVerdict,
  CanvasStore,
  Closing,
  RefusedTask,
  SubmitVerdict,
} from "../../ports/canvas-store.ts";
import { refusedOf } from "../refused-task.ts";
import { wholeCanvas } from "../whole-canvas.ts";
import { accept, isStored } from "./accept.ts";
import { createCanvasReadings } from "./canvas-readings.ts";
import { type Canvases, keepMember, keepParts, putBarrier } from "./canvases.ts";
import { barrierEnded, taskNotMade } from "./owe.ts";
import { type State, spaceOf } from "./state.ts";

/** Canvases, and what becomes of them from outside. What ends of tasks mean for them: continue.ts. */
export const createCanvasStore = (
  state: State,
  call: <T>(verb: () => T, now?: Instant) => Promise<T>,
): CanvasStore => ({
  async submitCanvas(canvas, now) {
    const whole = wholeCanvas(canvas);
    return call(() => submitCanvas(state, whole, now), now);
  },
  addMembers: (addition, now) => call(() => addMembers(state, addition, now), now),
  closeBarrier: (closing) => call(() => closeBarrier(state, closing), closing.now),
  markSwept: (refs) => call(() => markSwept(state, refs)),
  pruneCanvases: (now, limit) => call(() => pruneCanvases(state, now, limit)),
  ...createCanvasReadings(state, call),
});

/** Stores a canvas with what starts at once, or nothing of it. */
export function submitCanvas(state: State, canvas: NewCanvas, now: Instant): SubmitVerdict {
  const { namespace, id, facts, lineage, root, start, parts, ended: members } = canvas;
  const { canvases, tombstones } = spaceOf(state, namespace);
  const known = canvases.barriers.get(rootOf(id))?.barrier.canvasFacts ?? tombstones.get(rememberedAs(id));
  if (known !== undefined) return known.contentHash === facts.contentHash ? "duplicate" : "exists";
  if (facts.retryOf !== undefined && !canvases.barriers.has(rootOf(facts.retryOf))) return "gone";
  const opening = { namespace, lineage, canvas: id, now, ended: endedBefore(members) };
  const above = opened(root, { ...opening, facts });
  return startNow(state, { start, parts, above, members }, opening) ?? "accepted";
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
  const noted = { id: members.id, barriers: [], tasks: [], first };
  const later = parts.map((part) => growthAt(part, barrier));
  const starting = { start: growthAt(members, barrier), parts: [...later, noted], above: after, members: [] };
  const refused = startNow(state, starting, { namespace, lineage, canvas, now });
  return refused === undefined ? { kind: "added", first } : { kind: "refused", ...refused };
}

type Starting = {
  readonly start: Part;
  readonly parts: readonly Part[];
  /** What it is under, as it is then. */
  readonly above: Barrier;
  /** Those that have ended before. */
  readonly members: readonly KeptMember[];
};

/** Stores what starts now, or nothing of it; answers the task that may not come in. */
function startNow(
  state: State,
  { start, parts, above, members }: Starting,
  { namespace, lineage, canvas, now, ended }: WithinCanvas,
): RefusedTask | undefined {
  const { canvases } = spaceOf(state, namespace);
  const { tasks, barriers } = startedAtOnce(start, { namespace, lineage, place: { canvas }, ended }, now);
  const verdicts = accept(state, { tasks, now, atomic: true });
  const refused = refusedOf(tasks, verdicts);
  if (refused !== undefined) return refused;
  keepParts(canvases, canvas, parts);
  const made = [above, ...barriers];
  for (const barrier of made) putBarrier(canvases, barrier);
  for (const member of members) keepMember(canvases, member);
  for (const barrier of made) if (hasNews(barrier)) barrierEnded(state, barrier, now);
  for (const [at, task] of tasks.entries()) if (!isStored(verdicts[at])) taskNotMade(state, task, now);
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
  for (const { canvases, tombstones } of state.spaces.values()) {
    const retried = retriedIn(canvases);
    for (const { barrier } of [...canvases.barriers.values()]) {
      const { purgeAt, contentHash } = barrier.canvasFacts ?? {};
      if (purgeAt === undefined || contentHash === undefined || purgeAt > now || gone >= limit) continue;
      if (retried.has(barrier.canvas)) continue;
      for (const [id, { barrier: each }] of canvases.barriers)
        if (each.canvas === barrier.canvas) canvases.barriers.delete(id);
      canvases.parts.delete(barrier.canvas);
      tombstones.set(rememberedAs(barrier.canvas), {
        contentHash,
        until: plus(now, state.limits.tombstoneMs),
      });
      gone += 1;
    }
  }
  return gone;
}

/** The canvases that others hold which run again what did not succeed of them: what did is theirs, too. */
const retriedIn = ({ barriers }: Canvases): ReadonlySet<CanvasId> =>
  new Set([...barriers.values()].flatMap(({ barrier }) => barrier.canvasFacts?.retryOf ?? []));
