/** How canvases and further members of them come in. */

import type { CanvasDraft, DraftLeaf } from "../broker/broker.ts";
import { allOf, type Bulk, mapBulk } from "../model/bulk.ts";
import type { Barrier, CanvasFacts, NewCanvas, Part, PartTask } from "../model/canvas.ts";
import {
  type BarrierId,
  type BarrierRef,
  type CanvasId,
  type Instant,
  type Namespace,
  partIdOf,
  plus,
  rootOf,
  taskIdOf,
} from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { Lineage, NewTask } from "../model/task.ts";
import type { CanvasStore } from "../ports/canvas-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { NamespaceView } from "../ports/namespace-view.ts";
import { type CompleteTasks, completeDrafts, completeLeaves } from "./draft.ts";
import { expandAdded, expandCanvas } from "./expand.ts";
import type { MarkFamily } from "./mark-family.ts";
import { refusedOf } from "./refused.ts";
import { sparesOf } from "./spare.ts";

/** A canvas as its producer asks for it. */
export type CanvasSubmission = Pick<CanvasFacts, "retentionMs" | "name" | "tags" | "description"> & {
  /** That of its facts. Takes long for a large one: whoever stores it while it is made asks last. */
  readonly contentHash: () => string;
  readonly namespace: Namespace;
  readonly id: CanvasId;
  readonly draft: CanvasDraft;
  readonly deadline: { readonly afterMs: number } | { readonly at: Instant } | undefined;
  /** Of the task whose handler submits it; undefined: none does. */
  readonly lineage: Lineage | undefined;
};

/** Further members of a group. */
export type MembersSubmission = {
  readonly namespace: Namespace;
  readonly canvas: CanvasId;
  /** Undefined: the open one that the canvas was submitted with. */
  readonly group: BarrierId | undefined;
  /** Names this request within the canvas. */
  readonly request: string;
  readonly drafts: readonly CanvasDraft[];
  /** Members behind those, all of them tasks. */
  readonly bulk?: Bulk<readonly DraftLeaf[]> | undefined;
  readonly isLast: boolean;
};

/** What that needs. */
export type SubmittingDeps = {
  readonly store: Pick<CanvasStore, "submitCanvas" | "addMembers" | "readBarriers" | "listBarriers">;
  readonly clock: Clock;
  readonly namespaces: Pick<NamespaceView, "stateOf">;
  readonly complete: CompleteTasks;
  readonly markFamily: MarkFamily;
  /** Throws DRAINING where nothing is taken in any more. */
  readonly refuseWhileDraining: () => void;
  /** Tells whoever waits for tasks of those that can be had now. */
  readonly announce: (namespace: Namespace, tasks: readonly Pick<NewTask, "queue" | "notBefore">[]) => void;
};

/** Takes canvases in. */
export type Submitting = {
  /** A canvas as it would be submitted now, for whoever stores it with something else. */
  prepare(submission: CanvasSubmission, now: Instant): NewCanvas;
  submit(submission: CanvasSubmission): Promise<{ readonly deduplicated: boolean }>;
  addMembers(
    submission: MembersSubmission,
  ): Promise<{ readonly first: number; readonly deduplicated: boolean }>;
};

/** Makes it. */
export function createSubmitting(deps: SubmittingDeps): Submitting {
  const { store, clock, complete, markFamily, announce, refuseWhileDraining } = deps;
  return {
    prepare: (submission, now) => canvasOf(submission, deps, now),
    async submit(submission) {
      refuseWhileDraining();
      const { namespace, id } = submission;
      const now = clock.now();
      const { announced, ...canvas } = noting(canvasOf(submission, deps, now));
      const startsNone = canvas.start.tasks.length === 0 && canvas.bulk === undefined;
      if (startsNone) refuseWhereNothingComes(deps, namespace);
      const verdict = await store.submitCanvas(canvas, now);
      if (verdict === "gone") throw new Error("a canvas retries another that it does not name");
      if (verdict === "exists") throw new StemProblem({ reason: "CANVAS_EXISTS", canvasId: id });
      if (typeof verdict === "object") throw refusedOf(verdict, tasksOf(canvas), namespace);
      if (verdict === "accepted") announce(namespace, [...startedOf(canvas.start), ...announced]);
      return { deduplicated: verdict === "duplicate" };
    },
    async addMembers({ namespace, canvas, group, request, drafts, bulk, isLast }) {
      refuseWhileDraining();
      const now = clock.now();
      const nodes = completeDrafts(drafts, complete, { namespace, now });
      const leaves = bulk && mapBulk(bulk, (slice) => completeLeaves(slice, complete, { namespace, now }));
      const { ref, lineage } = await groupOf(store, { namespace, canvas }, group);
      // A name of its own: parts that a canvas came with have names that its paths make.
      const seed = `+${request}`;
      const root = { namespace, canvas, seed, mark: markFamily(lineage) };
      const expanded = expandAdded({ nodes, bulk: leaves }, ref.id, root, []);
      const tasks = [...expanded.start.tasks, ...allOf(expanded.bulk)];
      const members = { ...expanded.start, id: partIdOf(seed), tasks };
      const parts = [...expanded.parts, ...sparesOf(members.tasks)];
      const verdict = await store.addMembers({ ref, members, parts, isLast }, now);
      switch (verdict.kind) {
        case "unknown":
          throw unknown(canvas, ref.id);
        case "closed":
          throw new StemProblem({ reason: "CANVAS_GROUP_CLOSED", canvasId: canvas, groupId: ref.id });
        case "refused":
          throw refusedOf(verdict, members.tasks, namespace);
        case "added":
          announce(namespace, startedOf(members));
          return { first: verdict.first, deduplicated: false };
        case "duplicate":
          return { first: verdict.first, deduplicated: true };
      }
    },
  };
}

/** A canvas, complete: what its producer left out is as it is now. Throws what is wrong with its tasks. */
function canvasOf(
  submission: CanvasSubmission,
  { complete, markFamily }: Pick<SubmittingDeps, "complete" | "markFamily">,
  now: Instant,
): NewCanvas {
  const { namespace, id, draft, contentHash, retentionMs, name, tags, description } = submission;
  const [node] = completeDrafts([draft], complete, { namespace, now });
  if (node === undefined) throw new Error("a canvas was not completed");
  const lineage = submission.lineage ?? { parentId: undefined, rootId: taskIdOf(id) };
  const expanded = expandCanvas(node, { namespace, canvas: id, mark: markFamily(lineage) });
  const deadline = deadlineOf(submission, now);
  let hash: string | undefined;
  const facts: CanvasFacts = {
    get contentHash() {
      hash ??= contentHash();
      return hash;
    },
    ...{ deadline, retentionMs, name, tags, description, purgeAt: undefined, retryOf: undefined },
  };
  const parts = [...expanded.parts, ...sparesOf(expanded.start.tasks)];
  const bulk = expanded.bulk && mapBulk(expanded.bulk, (tasks) => ({ tasks, parts: sparesOf(tasks) }));
  return { namespace, id, lineage, facts, ...expanded, bulk, parts, ended: [] };
}

type Announced = Pick<NewTask, "queue" | "notBefore">;

/** The same, and what is to be told of its tasks in bulk as far as they were made: one thing for all that follow each other and are alike. */
function noting(canvas: NewCanvas): NewCanvas & { readonly announced: readonly Announced[] } {
  const { bulk } = canvas;
  if (bulk === undefined) return { ...canvas, announced: [] };
  const announced: Announced[] = [];
  let last: Announced | undefined;
  const noted = mapBulk(bulk, (slice) => {
    for (const { task } of slice.tasks) {
      const { queue, notBefore } = task;
      if (last?.queue !== queue || last.notBefore !== notBefore) last = { queue, notBefore };
      announced.push(last);
    }
    return slice;
  });
  return { ...canvas, bulk: noted, announced };
}

/** All tasks that a canvas starts with, those in bulk made once more. */
function* tasksOf({ start, bulk }: NewCanvas): Iterable<PartTask> {
  yield* start.tasks;
  if (bulk !== undefined) for (const { tasks } of bulk.slices()) yield* tasks;
}

/** A canvas that starts without a task meets no other refusal of its namespace. */
function refuseWhereNothingComes(
  { namespaces }: Pick<SubmittingDeps, "namespaces">,
  namespace: Namespace,
): void {
  const state = namespaces.stateOf(namespace);
  if (state === "disabled" || state === "deleting")
    throw new StemProblem({ reason: "NAMESPACE_DISABLED", namespace, state });
}

function deadlineOf({ deadline }: CanvasSubmission, now: Instant): Instant | undefined {
  if (deadline === undefined) return undefined;
  return "at" in deadline ? deadline.at : plus(now, deadline.afterMs);
}

/** The group that is meant, and the family of its members; it is in that canvas. */
async function groupOf(
  store: SubmittingDeps["store"],
  { namespace, canvas }: { readonly namespace: Namespace; readonly canvas: CanvasId },
  group: BarrierId | undefined,
): Promise<{ readonly ref: BarrierRef; readonly lineage: Lineage }> {
  const [found] = await store.readBarriers([{ namespace, id: group ?? rootOf(canvas) }]);
  if (found === undefined || found.canvas !== canvas) throw unknown(canvas, group);
  const { id, lineage } = group === undefined ? await firstGroupOf(store, { namespace, canvas }) : found;
  return { ref: { namespace, id }, lineage };
}

/** As many barriers of a canvas are looked at. */
const barriersMax = 1000;

/** The group that a canvas was submitted with: the one that is directly under it. */
async function firstGroupOf(
  store: SubmittingDeps["store"],
  { namespace, canvas }: { readonly namespace: Namespace; readonly canvas: CanvasId },
): Promise<Barrier> {
  const barriers = await store.listBarriers({ namespace, canvas, after: undefined, limit: barriersMax });
  const first = barriers
    .filter(({ place, shape }) => place?.barrier === rootOf(canvas) && shape === "list")
    .toSorted((a, b) => a.createdAt - b.createdAt)[0];
  if (first === undefined) throw unknown(canvas, undefined);
  return first;
}

const startedOf = ({ tasks }: Part) => tasks.map(({ task }) => task);

const unknown = (canvasId: CanvasId, groupId: BarrierId | undefined): StemProblem =>
  new StemProblem({ reason: "CANVAS_UNKNOWN", canvasId, ...(groupId !== undefined && { groupId }) });
