import { expandMembers, expandReplacement } from "../../server/src/canvas/expand.ts";
import type { Barrier, Growth } from "../../server/src/model/canvas.ts";
import { type CanvasId, partIdOf, rootOf } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import type { Task } from "../../server/src/model/task.ts";
import type { TaskTrigger } from "../../server/src/model/task-machine.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { newCanvas, unmarked } from "../support/new-canvas.ts";
import { bytesOf } from "../support/new-task.ts";
import { type HowItEnds, nodeOf, type Step } from "./canvas-steps.ts";
import { failing, named } from "./canvas-subject.ts";
import type { Side } from "./side.ts";
import { lease, settlementOf } from "./subject.ts";

/** Does a step; answers what the store did. `round` tells it from all others. */
export async function take(side: Side, each: Step, round: number): Promise<unknown> {
  const { subject, namespace } = side;
  const { store } = subject;
  switch (each.kind) {
    case "submit": {
      const deadline = each.hasDeadline ? { deadline: subject.now } : {};
      return store.submitCanvas(
        { ...newCanvas(`canvas-${round}`, nodeOf(each.tree, `${round}`), deadline), namespace },
        subject.now,
      );
    }
    case "run":
      return run(side, each.outcomes, round);
    case "cancel": {
      const { tasks } = await subject.list({ namespace });
      const task = tasks[each.which % Math.max(1, tasks.length)];
      return task && subject.apply(task, cancelling(side));
    }
    case "add":
      return add(side, each, round);
    case "close": {
      const all = await barriersOf(side);
      const barrier = all[each.which % Math.max(1, all.length)];
      return (
        barrier && store.closeBarrier({ ref: barrier, state: each.state, cause: undefined, now: subject.now })
      );
    }
    case "sweep":
      return sweep(side);
    case "wait": {
      const overdue = await store.overdueCanvases(subject.now, 1000);
      subject.advance(each.ms);
      await store.prune(subject.now, 10_000);
      return [overdue.map(({ id }) => id).sort(), await store.pruneCanvases(subject.now, 1000)];
    }
  }
}

async function sweep({ subject: { store } }: Side): Promise<unknown> {
  const refs = await store.barriersWithRest(1000);
  const rests = await Promise.all(
    refs.map(async (ref) => {
      const { tasks, barriers } = await store.readRest(ref, 1000);
      return { ref, under: [...tasks, ...barriers].map(({ id }) => id).sort() };
    }),
  );
  await store.markSwept(refs);
  return rests.sort((a, b) => (a.ref.id < b.ref.id ? -1 : 1));
}

const cancelling = ({ subject: { now } }: Side): TaskTrigger => ({
  kind: "cancel",
  cancel: { reason: "not needed", at: now },
});

/** Stores number leases as they like. */
const unfenced = <T extends object>({ fence: _, ...one }: T & { readonly fence?: unknown }) => one;

async function run(side: Side, outcomes: readonly HowItEnds[], round: number): Promise<unknown> {
  const { subject, namespace } = side;
  const claimed = await subject.claim({ namespace, limit: outcomes.length });
  const settling = [];
  for (const [at, one] of claimed.entries()) {
    const how = outcomes[at];
    if (how?.how === "unwanted") await subject.apply({ namespace, id: one.id }, cancelling(side));
    const outcome = await outcomeOf(side, one, how, `${round}-${at}`);
    settling.push({ ...settlementOf(one, outcome, subject.now), namespace });
  }
  return [claimed.map(unfenced), await subject.store.settle(settling)];
}

async function outcomeOf(
  side: Side,
  one: Claimed,
  how: HowItEnds | undefined,
  seed: string,
): Promise<Outcome> {
  if (how?.how === "failed") return failing;
  if (how?.how === "retried")
    return { kind: "failed", failure: bytesOf("again"), nonRetryable: false, delayMs: 0 };
  const [task] = await side.subject.store.read([{ namespace: side.namespace, id: one.id }]);
  const { place, next, links = [] } = task ?? {};
  if (place === undefined || how === undefined || !(await isThere(side, place.canvas))) return named(one);
  const root = { namespace: side.namespace, canvas: place.canvas, seed, mark: unmarked };
  const of = (start: Pick<Growth, "replacement" | "members" | "parts">): Growth => ({
    contentHash: seed,
    ...start,
  });
  if (how.how === "replaced") {
    const { start, parts } = expandReplacement(
      nodeOf(how.tree, seed),
      { place, next, callbacks: links },
      root,
    );
    return { kind: "replaced", growth: of({ replacement: start, members: undefined, parts }) };
  }
  if (how.how !== "grown") return named(one);
  const nodes = how.trees.map((each, at) => nodeOf(each, `${seed}.${at}`));
  const { start, parts } = expandMembers(nodes, place.barrier, root, []);
  return {
    kind: "succeeded",
    result: one.content,
    growth: of({ replacement: undefined, members: start, parts }),
  };
}

async function isThere({ subject: { store }, namespace }: Side, canvas: CanvasId): Promise<boolean> {
  const [root] = await store.readBarriers([{ namespace, id: rootOf(canvas) }]);
  return root !== undefined;
}

async function add(
  side: Side,
  { which, trees: made, isLast }: Extract<Step, { kind: "add" }>,
  round: number,
): Promise<unknown> {
  const all = await barriersOf(side);
  const open = all.filter(({ isSealed }) => !isSealed);
  const barrier = open[which % Math.max(1, open.length)];
  if (barrier === undefined) return undefined;
  const root = { namespace: side.namespace, canvas: barrier.canvas, seed: `${round}`, mark: unmarked };
  const nodes = made.map((each, at) => nodeOf(each, `${round}.${at}`));
  const { start, parts } = expandMembers(nodes, barrier.id, root, []);
  const members = { ...start, id: partIdOf(`${round}`) };
  return side.subject.store.addMembers({ ref: barrier, members, parts, isLast }, side.subject.now);
}

/** All barriers of all canvases, by canvas and id. */
async function barriersOf({ subject: { store }, namespace }: Side): Promise<readonly Barrier[]> {
  const query = { namespace, states: [], name: undefined, tag: undefined, limit: 1000 };
  const { canvases } = await store.listCanvases({ ...query, after: undefined, scanMax: 10_000 });
  const lists = await Promise.all(
    canvases.map(({ canvas }) => store.listBarriers({ namespace, canvas, after: undefined, limit: 1000 })),
  );
  return lists.flat();
}

/** All that there is of tasks and canvases. */
export async function all(side: Side): Promise<unknown> {
  const barriers = await barriersOf(side);
  const members = await Promise.all(
    barriers.map((ref) =>
      side.subject.store.readMembers({ ref, after: undefined, limit: 1000, bytesMax: 1_000_000 }),
    ),
  );
  const { tasks } = await side.subject.list({ namespace: side.namespace });
  const there = new Set(barriers.map(({ canvas }) => canvas));
  return { tasks: tasks.map((task) => unplaced(unfenced(task), there)), barriers, members };
}

/** A task may outlast its canvas by a while. Where it was in that has no meaning then, and stores may know it or not. */
const unplaced = <T extends Pick<Task, "place" | "next">>(task: T, there: ReadonlySet<CanvasId>): T =>
  task.place === undefined || there.has(task.place.canvas)
    ? task
    : { ...task, place: undefined, next: undefined };

/** Ends the leases that are out, and removes the namespace. */
export async function clearAway({ subject, namespace }: Side): Promise<void> {
  for (let answer = "more"; answer !== "gone"; ) {
    answer = await subject.store.clearNamespace(namespace, subject.now, 7);
    if (answer === "leased") {
      subject.advance(lease.leaseMs + lease.graceMs + 1);
      await subject.reap();
    }
  }
}
