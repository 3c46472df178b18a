import { createHash } from "node:crypto";
import { expandMembers, expandReplacement } from "../../server/src/canvas/expand.ts";
import type { BarrierEnd, Growth, NewCanvas, Part } from "../../server/src/model/canvas.ts";
import { type BarrierRef, barrierIdOf, canvasIdOf, defaultNamespace } from "../../server/src/model/ids.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { newCanvas, unmarked } from "../support/new-canvas.ts";
import { callbackOn, drawn } from "./canvas-drawn.ts";
import type { Handed, Value } from "./canvas-facts.ts";
import { type CanvasLog, type Moment, newLog } from "./canvas-log.ts";
import { isDelicate, membersOf, type Plan, partsOf, type TaskPlan } from "./canvas-plan.ts";
import { textOf } from "./canvas-subject.ts";
import type { Subject } from "./subject.ts";

/** A canvas of the model, and how it is to be ended from outside; undefined: it is not. */
export type Drawing = {
  readonly id: string;
  readonly plan: Plan;
  readonly canvas: NewCanvas;
  readonly closes: "cancelled" | "deadline" | undefined;
  readonly isDelicate: boolean;
};

/** A lease that somebody has, and what its task was handed. */
export type Held = { readonly claimed: Claimed; readonly label: string; readonly value: Value | undefined };

/** A run of the model: what was drawn, and what has happened to it. */
export type World = {
  readonly subject: Subject;
  /** What all tasks of the run are called. */
  readonly run: string;
  readonly drawings: readonly Drawing[];
  readonly log: CanvasLog;
  readonly submitted: Map<string, Moment>;
  /** By label. */
  readonly plans: ReadonlyMap<string, Plan>;
  readonly names: Names;
  readonly held: Held[];
  /** Leases that are over, as their holders do not know. */
  readonly stale: Held[];
  /** The newest lease of each task, by its label. */
  readonly newest: Map<string, Claimed>;
  /** Labels of tasks that somebody has asked to cancel. */
  readonly asked: Set<string>;
  readonly inputs: Map<string, { readonly on: string; readonly handed: Handed | undefined }>;
  /** How often what has no plan of its own has run: links and callbacks. */
  readonly ran: Map<string, number>;
  /** How many batches of members have come to a group. */
  readonly batches: Map<string, number>;
  /** Begins a call of the store. */
  moment(): Moment;
};

/** Who is who: what expansion made of labels. */
export type Names = {
  readonly labels: Map<string, string>;
  /** The barrier that a task is directly under, by the task's label. */
  readonly under: Map<string, string>;
  /** The barrier that a barrier is directly under. */
  readonly barriers: Map<string, string>;
  /** Barriers that have callbacks, by the label of those. */
  readonly own: Map<string, string>;
};

/** Notes what an expansion has made. */
function learn({ labels, under, barriers, own }: Names, parts: readonly Part[]): void {
  for (const part of parts) {
    for (const { id, place, callbacks } of part.barriers) {
      if (place !== undefined) barriers.set(id, place.barrier);
      const called = callbacks[0] && textOf(callbacks[0].task.content);
      if (called !== undefined) own.set(called.slice(0, called.lastIndexOf("!")), id);
    }
    for (const { id, task } of part.tasks) {
      labels.set(id, textOf(task.content));
      if (task.place !== undefined) under.set(textOf(task.content), task.place.barrier);
    }
  }
}

/** The id of the barrier that is around nodes; undefined where nothing says it. `label`: that of its callbacks. */
export const idAround = (names: Names, label: string, plans: readonly Plan[]): string | undefined =>
  names.own.get(label) ?? plans.map((plan) => idAbove(names, plan)).find((id) => id !== undefined);

/** The id of the barrier that a node is directly under. */
function idAbove(names: Names, plan: Plan): string | undefined {
  if (plan.kind === "task") return names.under.get(plan.label);
  const isPlain = plan.kind === "chain" && plan.callbacks.length === 0;
  const inside = idAround(names, plan.label, plan.kind === "chain" ? plan.steps : membersOf(plan));
  return isPlain ? inside : inside && names.barriers.get(inside);
}

/** The ids of all barriers that can be told by what is around or under them. */
export const knownBarriers = ({ names }: World, { id, plan }: Drawing): ReadonlySet<string> =>
  new Set([
    id,
    ...partsOf(plan).flatMap((part) => {
      if (part.kind === "chain")
        return part.callbacks.length > 0 ? (idAround(names, part.label, part.steps) ?? []) : [];
      if (part.kind === "group") return idAround(names, part.label, membersOf(part)) ?? [];
      const { script } = part;
      return script.kind === "replaced" ? (idAround(names, part.label, [script.by]) ?? []) : [];
    }),
  ]);

/** The barrier that a group is; undefined: it has not come yet. */
export function barrierOf({ names, plans }: World, label: string): BarrierRef | undefined {
  const plan = plans.get(label);
  const id = plan?.kind === "group" ? idAround(names, label, membersOf(plan)) : undefined;
  return id === undefined ? undefined : { namespace: defaultNamespace, id: barrierIdOf(id) };
}

/** A world in which nothing has happened. */
export function newWorld(
  subject: Subject,
  run: string,
  drafts: readonly { readonly plan: Plan; readonly closes: Drawing["closes"] }[],
): World {
  let call = 0;
  const names: Names = { labels: new Map(), under: new Map(), barriers: new Map(), own: new Map() };
  const drawings = drafts.map(({ plan, closes }) => {
    const deadline = closes === "deadline" ? subject.now : undefined;
    const canvas = newCanvas(plan.label, drawn(plan, run), { deadline });
    learn(names, [canvas.start, ...canvas.parts]);
    return { id: plan.label, plan, canvas, closes, isDelicate: isDelicate(plan) };
  });
  return {
    ...{ subject, run, drawings, names, log: newLog(), submitted: new Map() },
    plans: new Map(drawings.flatMap(({ plan }) => partsOf(plan).map((part) => [part.label, part]))),
    ...{
      held: [],
      stale: [],
      newest: new Map(),
      asked: new Set(),
      inputs: new Map(),
      ran: new Map(),
      batches: new Map(),
    },
    moment() {
      call += 1;
      return { call, item: 0, round: 0 };
    },
  };
}

/** The members that a group gets from outside, as a request. */
export function expandedFor(world: World, label: string, seed: string, plans: readonly Plan[]) {
  const { names, run, drawings } = world;
  const drawing = drawings.find(({ id }) => label.startsWith(id));
  if (drawing === undefined) throw new Error(`${label} is of no canvas`);
  const root = { namespace: defaultNamespace, canvas: canvasIdOf(drawing.id), seed, mark: unmarked };
  const nodes = plans.map((plan) => drawn(plan, run));
  const ref = barrierOf(world, label);
  if (ref === undefined) throw new Error(`${label} has not come yet`);
  const expansion = expandMembers(nodes, ref.id, root, callbacksOf(world, label));
  learn(names, [expansion.start, ...expansion.parts]);
  return expansion;
}

const callbacksOf = ({ plans, run }: World, label: string) => {
  const plan = plans.get(label);
  return plan?.kind === "group" ? plan.callbacks.map((on: BarrierEnd) => callbackOn(label, on, run)) : [];
};

/** What a task adds to its canvas by its settlement. */
export async function growthOf(world: World, { label, claimed }: Held): Promise<Growth | undefined> {
  const plan = world.plans.get(label);
  if (plan?.kind !== "task") return undefined;
  const { script, group } = plan;
  const noted = { contentHash: label, replacement: undefined, members: undefined, parts: [] };
  if (script.kind === "adds" && group !== undefined) {
    const { start, parts } = expandedFor(world, group, claimed.id, script.members);
    return { ...noted, members: start, parts };
  }
  if (script.kind !== "replaced") return undefined;
  const { place, next, links: callbacks = [] } = await world.subject.task(claimed.id);
  if (place === undefined) throw new Error(`${label} is in no canvas`);
  const root = { namespace: defaultNamespace, canvas: place.canvas, seed: claimed.id, mark: unmarked };
  const { start, parts } = expandReplacement(drawn(script.by, world.run), { place, next, callbacks }, root);
  learn(world.names, [start, ...parts]);
  return { ...noted, replacement: start, parts };
}

/** What a task returns: it shows what it was handed. */
export function resultOf(label: string, value: Value | undefined): string {
  const digest = createHash("sha256")
    .update(JSON.stringify(value ?? ""))
    .digest("hex");
  return `${label}(${digest.slice(0, 8)})`;
}

export const taskPlan = ({ plans }: World, label: string): TaskPlan | undefined => {
  const plan = plans.get(label);
  return plan?.kind === "task" ? plan : undefined;
};
