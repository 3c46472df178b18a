import { advance } from "../../model/barrier.ts";
import { grown } from "../../model/barrier-state.ts";
import type { Part } from "../../model/canvas.ts";
import { addedBy, growthAt } from "../../model/growth.ts";
import type { Instant, Namespace } from "../../model/ids.ts";
import type { NodeEnd } from "../../model/node-end.ts";
import { startedAtOnce } from "../../model/part-start.ts";
import type { Place } from "../../model/place.ts";
import type { Lineage, NewTask } from "../../model/task.ts";
import { acceptPromised } from "./accept.ts";
import { keepMember, keepParts, putBarrier } from "./canvases.ts";
import { barrierEnded, taskNotMade } from "./owe.ts";
import type { Owed } from "./owed.ts";
import { type State, spaceOf } from "./state.ts";

/** Takes in what ends have made, and what that ends, until nothing more does. */
export function goOn(state: State): void {
  for (let next = state.owed.shift(); next !== undefined; next = state.owed.shift())
    if (next.kind === "end") takeIn(state, next.end, next.now);
    else grow(state, next);
}

function takeIn(state: State, end: NodeEnd, now: Instant): void {
  const { canvases } = spaceOf(state, end.namespace);
  const above = end.place && canvases.barriers.get(end.place.barrier)?.barrier;
  const known = new Map(above && [[above.id, above]]);
  const round = advance([end], known, (member) => keepMember(canvases, member), now);
  for (const barrier of [...round.barriers, ...round.changed]) putBarrier(canvases, barrier);
  for (const task of round.tasks) takeInTask(state, task, now);
  for (const barrier of round.ended) barrierEnded(state, barrier, now);
}

function takeInTask(state: State, task: NewTask, now: Instant): void {
  if (!acceptPromised(state, task, now)) taskNotMade(state, task, now);
}

/** Starts what a settlement adds to the canvas of its task, if what that is under goes on. */
function grow(state: State, { head, place, growth, now }: Extract<Owed, { kind: "growth" }>): void {
  const { namespace, id, lineage } = head;
  const { canvases } = spaceOf(state, namespace);
  const above = canvases.barriers.get(place.barrier)?.barrier;
  if (above?.state !== "open") return;
  const after = { namespace, place, lineage: { parentId: id, rootId: lineage?.rootId ?? id } };
  const { replacement, members, parts } = growth;
  keepParts(
    canvases,
    place.canvas,
    parts.map((part) => growthAt(part, above)),
  );
  if (replacement !== undefined) start(state, replacement, after, now);
  if (members === undefined) return;
  start(state, growthAt(members, above), after, now);
  putBarrier(canvases, grown(above, addedBy(members, above.id), now));
}

type After = {
  readonly namespace: Namespace;
  readonly place: Pick<Place, "canvas">;
  readonly lineage: Lineage;
};

/** Starts what comes without being handed anything. */
function start(state: State, part: Part, after: After, now: Instant): void {
  const { tasks, barriers } = startedAtOnce(part, after, now);
  for (const barrier of barriers) {
    putBarrier(spaceOf(state, after.namespace).canvases, barrier);
    if (barrier.state !== "open") barrierEnded(state, barrier, now);
  }
  for (const task of tasks) takeInTask(state, task, now);
}
