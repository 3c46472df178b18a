import fc from "fast-check";
import type { Callback, OnMemberFailure } from "../../server/src/model/canvas.ts";
import type { CanvasNode } from "../../server/src/model/canvas-node.ts";
import { taskIdOf } from "../../server/src/model/ids.ts";
import { calling, chain, group, leaf } from "../support/new-canvas.ts";
import { linking, linkOn } from "../support/new-link.ts";
import { bytesOf, type TaskDetails } from "../support/new-task.ts";

type Ends = readonly Callback["on"][];

/** A tree as it is made up. */
export type Tree =
  | { readonly kind: "leaf"; readonly isLinked: boolean; readonly hasTakenId: boolean }
  | { readonly kind: "chain"; readonly steps: readonly Tree[]; readonly ends: Ends }
  | {
      readonly kind: "group";
      readonly members: readonly Tree[];
      readonly onMemberFailure: OnMemberFailure;
      readonly isOpen: boolean;
      readonly ends: Ends;
    };

/** What is done to a store. */
export type Step =
  | { readonly kind: "submit"; readonly tree: Tree; readonly hasDeadline: boolean }
  | { readonly kind: "run"; readonly outcomes: readonly HowItEnds[] }
  | { readonly kind: "cancel"; readonly which: number }
  | {
      readonly kind: "add";
      readonly which: number;
      readonly trees: readonly Tree[];
      readonly isLast: boolean;
    }
  | { readonly kind: "close"; readonly which: number; readonly state: "failed" | "cancelled" }
  | { readonly kind: "sweep" }
  | { readonly kind: "wait"; readonly ms: number };

/** What becomes of a task that was leased. */
export type HowItEnds =
  | { readonly how: "succeeded" | "failed" | "retried" | "unwanted" }
  | { readonly how: "replaced"; readonly tree: Tree }
  | { readonly how: "grown"; readonly trees: readonly Tree[] };

const end = fc.constantFrom<Callback["on"]>("succeeded", "failed", "attempted", "completed");
const ends = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Ends>([]) },
  { weight: 1, arbitrary: fc.array(end, { minLength: 1, maxLength: 3 }) },
);
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.record({
      kind: fc.constant("leaf" as const),
      isLinked: fc.boolean(),
      hasTakenId: fc.nat(9).map((chance) => chance === 0),
    }),
    fc.record({
      kind: fc.constant("chain" as const),
      steps: fc.array(tie("tree"), { minLength: 1, maxLength: 3 }),
      ends,
    }),
    fc.record({
      kind: fc.constant("group" as const),
      members: fc.array(tie("tree"), { maxLength: 3 }),
      onMemberFailure: fc.constantFrom<OnMemberFailure>("fail_fast", "wait", "carry_on"),
      isOpen: fc.boolean(),
      ends,
    }),
  ),
}));
const trees = fc.array(tree, { maxLength: 2 });
const howItEnds: fc.Arbitrary<HowItEnds> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ how: "succeeded" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      how: fc.constantFrom("failed" as const, "retried" as const, "unwanted" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ how: fc.constant("replaced" as const), tree }) },
  { weight: 1, arbitrary: fc.record({ how: fc.constant("grown" as const), trees }) },
);

/** One of them. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("submit" as const), tree, hasDeadline: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("run" as const),
      outcomes: fc.array(howItEnds, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: fc.nat(50) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      which: fc.nat(50),
      trees,
      isLast: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("close" as const),
      which: fc.nat(50),
      state: fc.constantFrom("failed" as const, "cancelled" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "sweep" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.constantFrom(1, 3_600_000, 90_000_000),
    }),
  },
);

/** The tree that was made up, as nodes; tasks are called by where they stand. */
export function nodeOf(made: Tree, path: string): CanvasNode {
  const under = (all: readonly Tree[]) => all.map((each, at) => nodeOf(each, `${path}.${at}`));
  if (made.kind === "leaf") {
    const links = linking(
      linkOn("succeeded", { task: { content: bytesOf(`${path} linked`) } }),
      linkOn("failed", { task: { content: bytesOf(`${path} linked to failure`) } }),
    );
    const details: TaskDetails = made.isLinked ? links : {};
    return leaf(
      path,
      { ...details, policy: { ...details.policy, retentionMs: 1000 } },
      made.hasTakenId ? { ownId: taskIdOf("taken") } : {},
    );
  }
  const node =
    made.kind === "chain"
      ? chain(...under(made.steps))
      : { ...group(made.onMemberFailure, ...under(made.members)), isOpen: made.isOpen };
  return made.ends.reduce((sum, on, at) => calling(sum, on, `${path} ${on} ${at}`), node);
}
