/** What a tree of nodes is once it starts: barriers, their first tasks, and parts for what follows. Pure; the same tree has the same ids. */

import { idsNextTo } from "../lib/digest.ts";
import type { Bulk } from "../model/bulk.ts";
import type { Callback, NewBarrier, Part, PartTask } from "../model/canvas.ts";
import type { CanvasLeaf, CanvasNode, ChainNode, GroupNode } from "../model/canvas-node.ts";
import {
  type BarrierId,
  barrierIdOf,
  type CanvasId,
  type Namespace,
  type PartId,
  partIdOf,
  rootOf,
  taskIdOf,
} from "../model/ids.ts";
import type { Place } from "../model/place.ts";
import type { TaskPolicy } from "../model/task.ts";
import type { Mark } from "./mark-family.ts";

/** What starts at once, and what follows. */
export type Expansion = {
  readonly start: Part;
  /** Tasks that start at once behind those of `start`; undefined: there are none. */
  readonly bulk?: Bulk<readonly PartTask[]> | undefined;
  readonly parts: readonly Part[];
};

/** Where a tree hangs. */
export type Root = {
  readonly namespace: Namespace;
  readonly canvas: CanvasId;
  /** What all ids in it follow from, besides their paths: no two trees of a canvas have the same. */
  readonly seed: string;
  /** Marks the contents of what starts at once with its family. What follows others is told that when it is handed out. */
  readonly mark: Mark;
};

/** A whole canvas: its outermost barrier, and what it starts. */
export function expandCanvas(
  node: CanvasNode,
  { namespace, canvas, mark }: Omit<Root, "seed">,
): Expansion & { readonly root: NewBarrier } {
  const id = rootOf(canvas);
  const root = oneOf({ id, place: undefined, callbacks: [], next: undefined });
  return { root, ...expandMembers([node], id, { namespace, canvas, mark, seed: "" }, []) };
}

/** A tree in the place of a task: what that had to go on with is gone on with when the tree has ended. */
export function expandReplacement(
  node: CanvasNode,
  { place, callbacks, next }: Pick<NewBarrier, "callbacks" | "next"> & { readonly place: Place },
  root: Root,
): Expansion {
  const id = barrierIdOf(idsOf(root)("replacement"));
  const { start, parts } = expandMembers([node], id, root, []);
  return { start: { ...start, barriers: [oneOf({ id, place, callbacks, next }), ...start.barriers] }, parts };
}

/** Members of a barrier: nodes, and behind them tasks in bulk. */
export type AddedNodes = {
  readonly nodes: readonly CanvasNode[];
  readonly bulk?: Bulk<readonly CanvasLeaf[]> | undefined;
};

/** Members of one barrier, with indexes from 0 on. */
export const expandMembers = (
  nodes: readonly CanvasNode[],
  barrier: BarrierId,
  root: Root,
  callbacks: readonly Callback[],
): Expansion => expandAdded({ nodes }, barrier, root, callbacks);

/** The same, some of them in bulk. */
export function expandAdded(
  { nodes, bulk }: AddedNodes,
  barrier: BarrierId,
  root: Root,
  callbacks: readonly Callback[],
): Expansion {
  const expanding: Expanding = {
    root,
    idOf: idsOf(root),
    parts: [],
    countsAttempts: countsAttempts(callbacks),
  };
  const gathered = gather(`${root.seed}`);
  const nameOf = namesOf(nodes.length + (bulk?.count ?? 0));
  const standingOf = (index: number): Standing => under(root.canvas, barrier, index, nameOf(index));
  for (const [index, node] of nodes.entries()) expand(node, standingOf(index), expanding, gathered);
  if (bulk !== undefined) gathered.bulk = expandBulk(bulk, { from: nodes.length, standingOf }, expanding);
  return { start: gathered.part, bulk: gathered.bulk, parts: expanding.parts };
}

/** A barrier around a single tree. */
const oneOf = (said: Pick<NewBarrier, "id" | "place" | "callbacks" | "next">): NewBarrier => ({
  ...said,
  ...{ shape: "one", onMemberFailure: "wait", size: 1, isSealed: true },
});

type Expanding = {
  readonly root: Root;
  readonly idOf: (path: string) => string;
  readonly parts: Part[];
  readonly countsAttempts: boolean;
};

/** Where a node stands, and what its success starts. */
type Standing = {
  readonly place: Place;
  readonly next: PartId | undefined;
  /** Nothing is before it. */
  readonly isFirst: boolean;
  readonly path: string;
};

type Gathered = {
  readonly part: Part;
  readonly barriers: NewBarrier[];
  readonly tasks: PartTask[];
  bulk: Expansion["bulk"];
};

function gather(id: string): Gathered {
  const [barriers, tasks]: [NewBarrier[], PartTask[]] = [[], []];
  return { part: { id: partIdOf(id), barriers, tasks }, barriers, tasks, bulk: undefined };
}

const under = (canvas: CanvasId, barrier: BarrierId, index: number, path: string): Standing => ({
  place: { canvas, barrier, index, reports: "end" },
  next: undefined,
  isFirst: true,
  path,
});

function expand(node: CanvasNode, standing: Standing, expanding: Expanding, into: Gathered): void {
  if (node.kind === "task") into.tasks.push(expandTask(node, standing, expanding));
  else if (node.kind === "group") expandGroup(node, standing, expanding, into);
  else if (node.callbacks.length === 0) expandChain(node, standing, expanding, into);
  else expandCalling(node, standing, expanding, into);
}

/** Callbacks of a chain are of its end, whichever of its tasks that is. */
function expandCalling(node: ChainNode, standing: Standing, expanding: Expanding, into: Gathered): void {
  const { place, next, path, isFirst } = standing;
  const id = barrierIdOf(expanding.idOf(path));
  into.barriers.push(oneOf({ id, place: reporting(place, next), callbacks: node.callbacks, next }));
  expandChain(node, { ...under(place.canvas, id, 0, `${path}.0`), isFirst }, expanding, into);
}

function expandTask(
  leaf: CanvasLeaf,
  { place, next, isFirst, path }: Standing,
  expanding: Expanding,
): PartTask {
  const { task, ownId, hands, acceptedAt, isStartFixed, expireAt } = leaf;
  const member = expanding.countsAttempts && place.step === undefined ? "attempts" : "ends";
  const { name, queue, priority, notBefore, tags, ties, unique, links, content, contentHash } = task;
  const said = isFirst ? expanding.root.mark(content) : content;
  const own = { name, queue, priority, notBefore, tags, ties, unique, links, content: said, contentHash };
  const policy = policyOf(task.policy, member, isFirst);
  return {
    id: ownId ?? taskIdOf(expanding.idOf(path)),
    hands,
    acceptedAt,
    isStartFixed,
    expireAt,
    task: { ...own, place: reporting(place, next), next, policy },
  };
}

type MemberPolicies = { readonly [M in "ends" | "attempts"]: { first?: TaskPolicy; later?: TaskPolicy } };
const policies = new WeakMap<TaskPolicy, MemberPolicies>();

/** The policy of a task of a canvas: one for all that share another, for they are compared and written by what they are. */
function policyOf(policy: TaskPolicy, member: keyof MemberPolicies, isFirst: boolean): TaskPolicy {
  let known = policies.get(policy);
  if (known === undefined) {
    known = { ends: {}, attempts: {} };
    policies.set(policy, known);
  }
  const which = isFirst ? "first" : "later";
  // Its record is kept for as long as its canvas is, whatever else there is of its name.
  known[member][which] ??= {
    ...policy,
    member,
    keepNewest: undefined,
    takesInput: isFirst ? undefined : true,
  };
  return known[member][which];
}

/** From the last to the first: each knows what comes after it. */
function expandChain({ steps }: ChainNode, standing: Standing, expanding: Expanding, into: Gathered): void {
  let { next } = standing;
  for (let step = steps.length - 1; step >= 0; step -= 1) {
    const node = steps[step];
    if (node === undefined) break;
    const path = `${standing.path}.${step}`;
    const own = { path, next, place: { ...standing.place, step }, isFirst: step === 0 && standing.isFirst };
    if (step === 0) {
      expand(node, own, expanding, into);
      break;
    }
    const gathered = gather(`${expanding.root.seed}/${path}`);
    expand(node, own, expanding, gathered);
    expanding.parts.push(gathered.part);
    next = gathered.part.id;
  }
}

function expandGroup(node: GroupNode, standing: Standing, expanding: Expanding, into: Gathered): void {
  const { onMemberFailure, isOpen, callbacks } = node;
  const { place, next, isFirst, path } = standing;
  const members = unrolled(node);
  const { bulk } = node;
  const id = barrierIdOf(expanding.idOf(path));
  const size = members.length + (bulk?.count ?? 0);
  into.barriers.push({
    ...{ id, callbacks, onMemberFailure, next, place: reporting(place, next) },
    ...{ shape: "list", size, isSealed: !isOpen },
  });
  const inside = { ...expanding, countsAttempts: countsAttempts(callbacks) };
  const nameOf = namesOf(size);
  const standingOf = (index: number): Standing => ({
    ...under(place.canvas, id, index, `${path}.${nameOf(index)}`),
    isFirst,
  });
  for (const [index, member] of members.entries()) expand(member, standingOf(index), inside, into);
  if (bulk === undefined) return;
  // Only a group that a canvas is or begins with has such members, so that they come last.
  if (into.bulk !== undefined || !isFirst)
    throw new Error("members in bulk are not what a canvas begins with");
  into.bulk = expandBulk(bulk, { from: members.length, standingOf }, inside);
}

/** What so many members are called by their indexes: of one length, so that where ids are sorted they stand in their order. */
const namesOf = (size: number): ((index: number) => string) => {
  const digits = `${Math.max(size - 1, 0)}`.length;
  return (index) => `${index}`.padStart(digits, "0");
};

/** Tasks in bulk, each where it stands by its index, which is counted on from one. */
function expandBulk(
  bulk: Bulk<readonly CanvasLeaf[]>,
  { from, standingOf }: { readonly from: number; readonly standingOf: (index: number) => Standing },
  expanding: Expanding,
): Bulk<readonly PartTask[]> {
  return {
    count: bulk.count,
    *slices() {
      let index = from;
      for (const slice of bulk.slices())
        yield slice.map((leaf) => {
          const standing = standingOf(index);
          index += 1;
          return expandTask(leaf, standing, expanding);
        });
    },
  };
}

/** Members of a group that is nothing but a member of a group are that one's members. */
const unrolled = ({ members, onMemberFailure }: GroupNode): readonly CanvasNode[] =>
  members.flatMap((member) => {
    const isPlain =
      member.kind === "group" &&
      !member.isOpen &&
      member.bulk === undefined &&
      member.callbacks.length === 0 &&
      member.onMemberFailure === onMemberFailure;
    return isPlain ? unrolled(member) : [member];
  });

const reporting = (place: Place, next: PartId | undefined): Place =>
  next === undefined ? place : { ...place, reports: "unsuccessful" };

const countsAttempts = (callbacks: readonly Callback[]): boolean =>
  callbacks.some(({ on }) => on === "attempted");

/** How things of a tree are called, by their paths in it. */
const idsOf = ({ namespace, canvas, seed }: Omit<Root, "mark">): ((path: string) => string) =>
  idsNextTo(canvas, ["canvas", namespace, canvas, seed]);
