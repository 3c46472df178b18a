import fc from "fast-check";
import type { BarrierEnd, OnMemberFailure } from "../../server/src/model/canvas.ts";
import type { LinkedEnd } from "../../server/src/model/task.ts";

/** A canvas to be, with what becomes of each of its tasks. Every node has a label, which is the content of what it makes. */
export type Plan = TaskPlan | ChainPlan | GroupPlan;

export type TaskPlan = {
  readonly kind: "task";
  readonly label: string;
  readonly script: Script;
  readonly links: readonly LinkedEnd[];
  readonly isHanded: boolean;
  readonly hasOwnId: boolean;
  /** Which group it is directly under; undefined: that is none. */
  readonly group: string | undefined;
};

export type ChainPlan = {
  readonly kind: "chain";
  readonly label: string;
  readonly steps: readonly Plan[];
  readonly callbacks: readonly BarrierEnd[];
};

export type GroupPlan = {
  readonly kind: "group";
  readonly label: string;
  readonly members: readonly Plan[];
  readonly onMemberFailure: OnMemberFailure;
  /** What is added to it one after the other before it is sealed; undefined: it is from the beginning. */
  readonly additions: readonly (readonly Plan[])[] | undefined;
  readonly callbacks: readonly BarrierEnd[];
};

/** What becomes of a task, if nobody cancels it meanwhile. */
export type Script<P = Plan> =
  | { readonly kind: "succeeds" }
  | { readonly kind: "fails"; readonly reason: "non_retryable" | "rejected" | "max_attempts" }
  | { readonly kind: "retries"; readonly times: number; readonly delayMs: number }
  | { readonly kind: "loses_lease"; readonly times: number }
  | { readonly kind: "unknown_name" | "lost" }
  /** Waiting, in a queue that nobody claims from. */
  | { readonly kind: "cancelled" | "purged" | "expires" }
  /** While it runs: and it succeeds in spite of that, or obeys. */
  | { readonly kind: "cancelled_running"; readonly succeeds: boolean }
  | { readonly kind: "replaced"; readonly by: P; readonly isRetried: boolean }
  | { readonly kind: "adds"; readonly members: readonly P[]; readonly isRetried: boolean }
  /** It cannot be made. */
  | { readonly kind: "id_taken" | "key_taken" | "key_kept" };

/** A plan without labels, as it is generated. */
export type Draft =
  | (Omit<TaskPlan, "label" | "script" | "group"> & { readonly script: Script<Draft> })
  | (Omit<ChainPlan, "label" | "steps"> & { readonly steps: readonly Draft[] })
  | (Omit<GroupPlan, "label" | "members" | "additions"> & {
      readonly members: readonly Draft[];
      readonly additions: readonly (readonly Draft[])[] | undefined;
    });

const always = <T>(value: T) => fc.constant(value);
const few = <T>(item: fc.Arbitrary<T>, minLength: number, maxLength: number) =>
  fc.array(item, { minLength, maxLength, size: "max" });
/** As deep as it may be as often as not. */
const depth = { maxDepth: 4, depthSize: "max", depthIdentifier: "tree" } as const;
const succeeds = always<Script<Draft>>({ kind: "succeeds" });
const ends = fc.subarray<BarrierEnd>(["succeeded", "failed", "attempted", "completed"]);
const rarely = <T>(item: fc.Arbitrary<T>, otherwise: T) =>
  fc.oneof({ arbitrary: always(otherwise), weight: 3 }, { arbitrary: item, weight: 1 });

/** Nested trees, the smallest ones first. */
export const { tree } = fc.letrec<{
  tree: Draft;
  task: Draft;
  chain: Draft;
  group: Draft;
  script: Script<Draft>;
}>((tie) => ({
  tree: fc.oneof(
    depth,
    { arbitrary: tie("task"), weight: 2 },
    { arbitrary: tie("group"), weight: 3 },
    { arbitrary: tie("chain"), weight: 2 },
  ),
  task: fc.record({
    kind: always("task" as const),
    script: tie("script"),
    links: rarely(fc.subarray<LinkedEnd>(["succeeded", "failed"]), []),
    isHanded: rarely(fc.boolean(), true),
    hasOwnId: rarely(fc.boolean(), false),
  }),
  chain: fc.record({
    kind: always("chain" as const),
    steps: few(tie("tree"), 1, 3),
    callbacks: rarely(ends, []),
  }),
  group: fc.record({
    kind: always("group" as const),
    members: few(tie("tree"), 0, 3),
    onMemberFailure: fc.constantFrom<OnMemberFailure[]>("fail_fast", "wait", "carry_on"),
    additions: rarely(few(few(tie("tree"), 0, 2), 0, 3), undefined),
    callbacks: rarely(ends, []),
  }),
  script: fc.oneof(
    { arbitrary: succeeds, weight: 12 },
    { arbitrary: scriptOfOne(), weight: 9 },
    {
      arbitrary: fc.oneof(
        { ...depth, maxDepth: 2, depthIdentifier: "growth" },
        succeeds,
        growing(tie("tree")),
      ),
      weight: 5,
    },
  ),
}));

function growing(one: fc.Arbitrary<Draft>): fc.Arbitrary<Script<Draft>> {
  const isRetried = fc.boolean();
  return fc.oneof(
    fc.record({ kind: always("replaced" as const), by: one, isRetried }),
    fc.record({ kind: always("adds" as const), members: few(one, 1, 2), isRetried }),
  );
}

function scriptOfOne(): fc.Arbitrary<Script<Draft>> {
  const times = fc.integer({ min: 1, max: 2 });
  const kinds = ["unknown_name", "lost", "cancelled", "purged", "expires", "id_taken", "key_taken"] as const;
  const reasons = ["non_retryable", "rejected", "max_attempts"] as const;
  return fc.oneof(
    {
      arbitrary: fc.record({ kind: always("fails" as const), reason: fc.constantFrom(...reasons) }),
      weight: 2,
    },
    {
      arbitrary: fc.record({ kind: always("retries" as const), times, delayMs: fc.constantFrom(0, 0, 1000) }),
      weight: 2,
    },
    { arbitrary: fc.record({ kind: always("loses_lease" as const), times }), weight: 2 },
    {
      arbitrary: fc.record({ kind: always("cancelled_running" as const), succeeds: fc.boolean() }),
      weight: 2,
    },
    { arbitrary: fc.record({ kind: fc.constantFrom(...kinds, "key_kept" as const) }), weight: 5 },
  );
}

type Where = {
  readonly group: string | undefined;
  /** It comes in with the canvas, or with a request to add it: whatever cannot be made then keeps all of it out. */
  readonly isAsked: boolean;
  /** It is a member of a group, which takes in what is a group like it. */
  readonly unrolls?: OnMemberFailure;
  /** Whatever cannot be made can be. */
  readonly makesAll?: boolean | undefined;
};

/** The plan of a draft. Where some of it fails and some of it succeeds at one instant, by itself, it is not said what comes of that. */
export function planOf(draft: Draft, label: string): Plan {
  const where = { group: undefined, isAsked: true };
  const plan = labelled(draft, label, where);
  const parts = partsOf(plan);
  const fails = parts.some((part) => part.kind === "task" && isNotMade(part.script));
  return fails && parts.some(isEmpty) ? labelled(draft, label, { ...where, makesAll: true }) : plan;
}

const isEmpty = (plan: Plan): boolean => plan.kind === "group" && membersOf(plan).length === 0;

/** The plan of a draft that is part of another one. What cannot be where it is becomes something else. */
function labelled(draft: Draft, label: string, where: Where): Plan {
  const each = (drafts: readonly Draft[], name: string, at: (index: number) => Where) =>
    drafts.map((one, index) => labelled(one, `${label}${name}${index}`, at(index)));
  if (draft.kind === "task")
    return { ...draft, label, group: where.group, script: scripted(draft.script, label, where) };
  if (draft.kind === "chain") {
    const group = draft.callbacks.length === 0 ? where.group : undefined;
    return {
      ...draft,
      label,
      steps: each(draft.steps, ".", (step) => ({
        ...{ makesAll: where.makesAll, group, isAsked: where.isAsked && step === 0 },
      })),
    };
  }
  // Its id is told by a task under it.
  const isOpen = draft.additions !== undefined && draft.members.some(hasTask);
  const { onMemberFailure, callbacks } = draft;
  const isUnrolled = !isOpen && callbacks.length === 0 && where.unrolls === onMemberFailure;
  const group = isUnrolled ? where.group : label;
  const members = each(draft.members, ".", () => ({ ...where, group, unrolls: onMemberFailure }));
  const additions = isOpen
    ? draft.additions?.map((batch, at) =>
        each(batch, `+${at}.`, () => ({ makesAll: where.makesAll, group: label, isAsked: true })),
      )
    : undefined;
  return { ...draft, label, members, additions };
}

const hasTask = (draft: Draft): boolean =>
  draft.kind === "task" || (draft.kind === "chain" ? draft.steps : draft.members).some(hasTask);

function scripted(script: Script<Draft>, label: string, where: Where): Script {
  const { group, isAsked, makesAll } = where;
  if (makesAll === true && isNotMade(script)) return { kind: "succeeds" };
  if ((script.kind === "id_taken" || script.kind === "key_taken") && isAsked) return { kind: "key_kept" };
  if (script.kind === "replaced")
    return {
      ...script,
      by: labelled(script.by, `${label}=`, { makesAll, group: undefined, isAsked: false }),
    };
  if (script.kind !== "adds") return script;
  if (group === undefined) return { kind: "succeeds" };
  return {
    ...script,
    members: script.members.map((one, at) =>
      labelled(one, `${label}*${at}`, { makesAll, group, isAsked: false }),
    ),
  };
}

/** Members of a group that is nothing but a member of a group are that one's members. */
export const membersOf = ({ members, onMemberFailure }: GroupPlan): readonly Plan[] =>
  members.flatMap((one) =>
    one.kind === "group" &&
    one.additions === undefined &&
    one.callbacks.length === 0 &&
    one.onMemberFailure === onMemberFailure
      ? membersOf(one)
      : [one],
  );

/** All that a plan can come to, itself first. */
export function partsOf(plan: Plan): readonly Plan[] {
  if (plan.kind === "chain") return [plan, ...plan.steps.flatMap(partsOf)];
  if (plan.kind === "group")
    return [plan, ...[...plan.members, ...(plan.additions?.flat() ?? [])].flatMap(partsOf)];
  const { script } = plan;
  if (script.kind === "replaced") return [plan, ...partsOf(script.by)];
  return script.kind === "adds" ? [plan, ...script.members.flatMap(partsOf)] : [plan];
}

/** Whether a task cannot be made. */
export const isNotMade = ({ kind }: Pick<Script, "kind">): boolean =>
  kind === "id_taken" || kind === "key_taken" || kind === "key_kept";

/** Something in it ends by itself: what comes first at such an instant is for each store to say. */
export const isDelicate = (plan: Plan): boolean =>
  partsOf(plan).some((part) =>
    part.kind === "task" ? isNotMade(part.script) : part.kind === "group" && membersOf(part).length === 0,
  );
